"""ONNX Runtime, the library that runs exported models, as this program loads it: nothing is left behind or sent."""

from __future__ import annotations

import os
from typing import Any


def onnx_runtime() -> Any:
    """The library. Unless it is told before it is loaded, it writes an identifier of the device and a queue of events below the
    user's cache folder, and sends these to its maker."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime
