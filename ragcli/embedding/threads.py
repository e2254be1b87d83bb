"""How numeric libraries should use threads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def physical_cores() -> int:
    """Physical cores that this process may run on; logical ones where the system does not tell them apart."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = set()
    for cpu in allowed:
        try:
            siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
        except OSError:
            return max(1, len(allowed))
        cores.add(siblings.strip())
    return max(1, len(cores))


def session_options(onnxruntime: Any) -> Any:
    """How a model runs: on all physical cores, by threads that sleep while they have nothing to do. ONNX Runtime's own default
    lets them spin, which takes the processor away from the questions of other threads and speeds nothing up here."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = physical_cores()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
