"""The one place where ONNX Runtime loads a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragcli.embedding.threads import physical_cores


class Session:
    """An exported model in memory. Its threads sleep while they wait: spinning, the default of ONNX Runtime, costs a third more
    processor time."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = physical_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {node.name for node in self._session.get_inputs()}

    def run(self, feeds: Mapping[str, Any]) -> Any:
        """The model's first output; what it does not ask for among `feeds` is left out."""
        return self._session.run(None, {name: array for name, array in feeds.items() if name in self._inputs})[0]
