"""Signals end a command soon, with the code that a shell expects, and never with a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from avmeter.cli.interrupts import Interrupts

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

# A command started under `nohup` ignores hanging up, rightly; here every signal counts, however the tests were started.
HEAD = """
import signal, sys, time
from avmeter.cli.interrupts import Interrupted, Interrupts
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
"""
RAISED = """
with Interrupts() as interrupts:
    try:
        print("ready", flush=True)
        time.sleep(60)
    except Interrupted:
        sys.exit(interrupts.exit_code)
"""
ASKED = """
with Interrupts() as interrupts, interrupts.deferred():
    print("ready", flush=True)
    while not interrupts.is_requested:
        time.sleep(0.01)
    print("done", flush=True)
    sys.exit(interrupts.exit_code)
"""
STUCK = """
with Interrupts(grace_s=0.5) as interrupts, interrupts.deferred():
    print("ready", flush=True)
    while True:
        time.sleep(60)
"""
SAVING = """
with Interrupts(grace_s=0.2) as interrupts, interrupts.deferred():
    with interrupts.saving():
        print("ready", flush=True)
        time.sleep(SAVING_S)
    print("saved", flush=True)
    sys.exit(interrupts.exit_code)
"""


def started(program: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD + program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize(("program", "printed"), [(RAISED, ""), (ASKED, "done\n"), (STUCK, "")])
def test_signal_ends_a_command_with_its_code(number, program, printed):
    """What waits is interrupted, what asks ends by itself, and what does neither is ended after the grace."""
    process = started(program)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (CODES[number], printed)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("has_store", "said"), [(True, ": what was computed is kept in the feature store"), (False, "")]
)
def test_command_that_does_not_end_in_time_says_what_is_kept(has_store, said):
    """As one that ends by itself does: on a busy machine nobody must think that all is lost."""
    process = started(STUCK.replace("    print", f"    interrupts.has_store = {has_store}\n    print"))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert err.partition(";")[0].strip() == f"interrupted{said}"


def test_saving_takes_the_time_it_needs():
    """The process is not ended while results are written."""
    process = started("SAVING_S = 2" + SAVING)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=120)[0] == "saved\n"
    assert process.returncode == 143


def test_second_ctrl_c_ends_the_process_at_once():
    """Whoever cannot wait for results does not have to; SIGTERM, which some send twice, is not repeated."""
    process = started("SAVING_S = 600" + SAVING)
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
        time.sleep(0.2)
    assert process.communicate(timeout=120)[0] == ""
    assert process.returncode == 143


def test_signal_in_an_import_ends_the_process_without_raising_there(tmp_path):
    """Compiled modules abort when something is raised while they are loaded."""
    (tmp_path / "slow.py").write_text(
        "import time\nprint('ready', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept BaseException:\n    print('raised')\n"
    )
    process = started(f"sys.path.insert(0, {str(tmp_path)!r})\nwith Interrupts():\n    import slow\n")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (143, "", "interrupted\n")


def test_handlers_of_before_return():
    """A program that runs a command keeps its own handlers."""
    before = [signal.getsignal(number) for number in CODES]
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in CODES] == before


def test_hang_up_that_was_ignored_stays_so():
    """`nohup avmeter score ...` survives the terminal."""
    process = started(
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with Interrupts() as interrupts:\n    print('ready', flush=True)\n    time.sleep(0.5)\n    print('alive')\n"
    )
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=120)[0] == "alive\n"
    assert process.returncode == 0
