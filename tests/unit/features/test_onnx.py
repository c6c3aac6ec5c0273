"""ONNX files run in one thread of the caller."""

from __future__ import annotations

from typing import Any

from avmeter.features import onnx


def test_session_has_no_threads_of_its_own(monkeypatch: Any, tmp_path: Any) -> None:
    """Clips run side by side instead, and no thread waits for another."""
    import onnxruntime

    opened: dict[str, Any] = {}

    def session(path: str, **options: Any) -> str:
        opened.update(options, path=path)
        return "session"

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert onnx.open_session(tmp_path / "net.onnx") == "session"
    options = opened["sess_options"]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert opened["path"] == str(tmp_path / "net.onnx")
