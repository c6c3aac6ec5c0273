"""Usage reports of other packages are off before those packages are loaded, everywhere."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import avmeter
from avmeter.engine.decode.worker_pool import decode_worker
from avmeter.telemetry import REPORTING_PACKAGES, TELEMETRY_OFF, import_without_telemetry, turn_off_telemetry
from support import require

PACKAGE = Path(avmeter.__file__).parent


def plain_imports(code: str) -> Iterator[str]:
    """Names of the reporting packages that some code imports by itself."""
    for node in ast.walk(ast.parse(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        yield from (name for name in names if name.partition(".")[0] in REPORTING_PACKAGES)


@pytest.mark.parametrize(
    "code",
    [
        "import onnxruntime",
        "import onnxruntime as ort",
        "from faster_whisper.vad import VadOptions",
        "import importlib; importlib.import_module('sherpa_onnx')",
        "def load():\n    from transformers import ClapModel",
    ],
)
def test_every_spelling_of_an_import_is_seen(code: str) -> None:
    """The search below finds what it is for."""
    assert len(list(plain_imports(code))) == 1


def test_reporting_packages_are_imported_in_one_way() -> None:
    """No module imports one of them by itself: the variables would be read before they are set."""
    found = {p.relative_to(PACKAGE).as_posix(): [*plain_imports(p.read_text("utf-8"))] for p in PACKAGE.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_importing_avmeter_sets_no_variable() -> None:
    """A program that only imports this package finds its environment as it was, with every public name loaded."""
    code = (
        "import os; before = dict(os.environ); import avmeter; [getattr(avmeter, n) for n in avmeter.__all__];"
        "avmeter.list_metrics(); print(dict(os.environ) == before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_reports_are_off_when_the_package_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the shell said before: a module finds the variables while it is being imported."""
    (tmp_path / "reporter_of_a_test.py").write_text("import os\nseen = dict(os.environ)\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in TELEMETRY_OFF:
        monkeypatch.setenv(name, "0")
    seen = import_without_telemetry("reporter_of_a_test").seen
    assert TELEMETRY_OFF.items() <= seen.items()


def test_reports_are_off_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For packages that somebody else imports after it."""
    for name in TELEMETRY_OFF:
        monkeypatch.delenv(name, raising=False)
    turn_off_telemetry()
    assert TELEMETRY_OFF.items() <= os.environ.items()


def test_workers_start_with_reports_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a worker has the variables, although this process did not set them."""
    environ = Path("/proc")
    if not environ.is_dir():
        require.absent("system", "no /proc")
    for name in TELEMETRY_OFF:
        monkeypatch.delenv(name, raising=False)
    worker = decode_worker()
    worker.connect()
    try:
        content = (environ / str(worker.pid) / "environ").read_bytes().decode().split("\0")
    finally:
        worker.stop()
    assert {f"{name}={value}" for name, value in TELEMETRY_OFF.items()} <= set(content)
