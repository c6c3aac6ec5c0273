"""Networks as ONNX files, run by onnxruntime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avmeter.telemetry import import_without_telemetry


def open_session(path: Path) -> Any:
    """Open a file in a session of one thread; several threads may run it at once.

    Threads of its own would wait for each other actively: for networks this small that costs more than they save.
    """
    onnxruntime = import_without_telemetry("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
