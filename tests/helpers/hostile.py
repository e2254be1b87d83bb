"""Things that an attacker puts beside documents, and a way to see whether they had an effect."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from pathlib import Path

RAG = Path(sysconfig.get_path("scripts")) / "rag"


def code(trace: Path) -> str:
    """A Python module that leaves a file at `trace` when it is imported."""
    return f"open({str(trace)!r}, 'w').close()\n"


def model_with_code(folder: Path, trace: Path) -> Path:
    """A directory that sentence-transformers takes for a model whose one module is defined by a file beside it."""
    folder.mkdir(parents=True)
    (folder / "evil.py").write_text(code(trace) + "class Evil: ...\n")
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]))
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "auto_map": {"AutoModel": "evil.Evil"}}))
    (folder / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    """Variables of a `rag` that runs as a process of its own, with `home` for everything that it keeps of a user."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(os.path.isabs, sys.path)]),
        **more,
    }
