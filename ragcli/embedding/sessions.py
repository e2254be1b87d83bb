"""The one place where ONNX Runtime loads a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ragcli.embedding.threads import physical_cores
from ragcli.localruntime import onnx_runtime

CPU = "CPUExecutionProvider"
_OF_GRAPHICS: Mapping[str, Mapping[str, str]] = {  # with what makes their vectors those of the processor
    "CUDAExecutionProvider": {"use_tf32": "0"},
    "ROCMExecutionProvider": {},
}


def providers(available: Sequence[str]) -> list[tuple[str, Mapping[str, str]]]:
    """What runs a model for many texts, the first choice first, with its options: a graphics card that this ONNX Runtime can
    use (`available` is what it lists; the usual distribution lists none), then the processor."""
    return [*((name, options) for name, options in _OF_GRAPHICS.items() if name in available), (CPU, {})]


def has_graphics() -> bool:
    """Whether there is a graphics card that this ONNX Runtime can use."""
    return len(providers(onnx_runtime().get_available_providers())) > 1


class Session:
    """An exported model in memory, on a graphics card where it is meant for `many` texts and there is one (see `providers`),
    else on the processor. Its threads sleep while they wait: spinning, the default of ONNX Runtime, costs a third more
    processor time."""

    def __init__(self, model: Path, *, many: bool = False) -> None:
        onnxruntime = onnx_runtime()
        onnxruntime.set_default_logger_severity(3)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = physical_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        chosen = providers(onnxruntime.get_available_providers() if many else [])
        self._session = onnxruntime.InferenceSession(
            str(model),
            options,
            providers=[name for name, _ in chosen],
            provider_options=[dict(own) for _, own in chosen],
        )
        self._inputs = {node.name for node in self._session.get_inputs()}

    def run(self, feeds: Mapping[str, Any]) -> Any:
        """The model's first output; what it does not ask for among `feeds` is left out."""
        return self._session.run(None, {name: array for name, array in feeds.items() if name in self._inputs})[0]
