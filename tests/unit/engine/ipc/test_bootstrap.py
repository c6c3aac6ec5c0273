"""The first lines of another process find this package and nothing else of its name."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import avmeter
from avmeter.engine.ipc import bootstrap


def test_module_is_called_with_its_descriptor_on_the_path_of_the_run(tmp_path):
    """Another `avmeter` that lies before on the path is not imported."""
    (tmp_path / "avmeter").mkdir()
    (tmp_path / "avmeter" / "__init__.py").write_text("raise RuntimeError('not this one')")
    (tmp_path / "serving.py").write_text(
        "import avmeter, sys\ndef serve(descriptor):\n    print(descriptor, avmeter.__file__, sys.path[0])\n"
    )
    arguments = ["serving", "7", avmeter.__file__, json.dumps([str(tmp_path), *sys.path])]
    done = subprocess.run([sys.executable, bootstrap.__file__, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", avmeter.__file__, str(tmp_path)]


def not_ignored():
    """Interrupts are ignored by what a shell starts in the background, such as tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_before_the_module_is_there_ends_the_process_without_a_word(tmp_path):
    """A run that ends while its processes start shows no traceback of theirs; what they serve with is Python's own."""
    (tmp_path / "starting.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    (tmp_path / "serving.py").write_text(
        "import signal\ndef serve(_):\n    print(signal.getsignal(2) is signal.default_int_handler)\n"
    )
    path = [avmeter.__file__, json.dumps([str(tmp_path), *sys.path])]
    command = [sys.executable, bootstrap.__file__]
    shown = {"capture_output": True, "text": True, "preexec_fn": not_ignored}
    early = subprocess.run([*command, "starting", "7", *path], check=False, **shown)
    assert (early.returncode, early.stderr) == (-signal.SIGINT, "")
    late = subprocess.run([*command, "serving", "7", *path], check=True, **shown)
    assert late.stdout == "True\n"


def test_only_the_standard_library_is_imported_before_the_path_is_set():
    """What lies on another path is not looked up."""
    imported = [line.split()[1] for line in Path(bootstrap.__file__).read_text().splitlines() if line[:7] == "import "]
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
