"""The folder of a run, and its writing.

| file | holds |
|---|---|
| `results.parquet` | one row per sample and metric: score, skip code, reason, hint, dummy mark, details (JSON) |
| `results.csv` | one row per sample, for people; scores made with stand-in weights stand under a marked header |
| `samples.parquet` | one row per sample: id, role, media paths, texts |
| `breakdown.csv` | every metric by the values of a column, where that was asked for (`EvalResults.group`) |
| `summary.json` | corpus scores and what the per-sample scores amount to |
| `corpus_states.npz` | what corpus metrics have collected, in a shard of a run (`avmeter.shards`) |
| `unfinished/` | rows of a run that goes on or was killed (`avmeter.run.journal`) |
| `log.txt` | warnings and tracebacks of the run, where there were any and the folder has no such file of others |
| `run.json` | what produced the scores; the id of the run, and the hash of each of its files |

The three tables have a column `extra.NAME` for each extra of the samples; see `avmeter.run.extras`.

A folder is never a mixture of two runs that counts as one. All files are on the disk, under other names, before the
first of them takes its place (so that a full disk leaves the old run); then `written` is taken out of `run.json`, the
pages of the old run go, the files take their places, and `run.json` with `written` and the hashes comes last. Nothing
else in the folder is touched, and a folder whose files of these names were not written by a run is refused.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.files import (
    StagedFiles,
    open_regular,
    parse_json,
    read_regular,
    refuse_unlisted_files,
    remove_stray_files,
    write_atomically,
)
from avmeter.plain import to_json
from avmeter.result import DUMMY_MARK
from avmeter.run.breakdown import BREAKDOWN_HEADER, breakdown_csv
from avmeter.run.parquet import results_parquet, samples_parquet
from avmeter.run.score_table import ScoreTable
from avmeter.run.spreadsheet import results_csv
from avmeter.run.summary import summarise

FORMAT = "avmeter-run"
FORMAT_VERSION = 1
RESULTS, TABLE, SAMPLES, SUMMARY, STATES, RUN = (
    "results.parquet",
    "results.csv",
    "samples.parquet",
    "summary.json",
    "corpus_states.npz",
    "run.json",
)
PAGE, STRESS, BREAKDOWN, LOG = "report.html", "stress.json", "breakdown.csv", "log.txt"
PAGE_MARK = '<meta name="generator" content="avmeter">'
"""Stands in the head of every page, by which it is known to be a run's."""
STRESS_FORMAT = "avmeter-stress"
OWN_FILES = frozenset((RESULTS, TABLE, SAMPLES, SUMMARY, STATES, RUN, PAGE, STRESS, BREAKDOWN, LOG))
"""Names of all files that a run may have."""
_LOG_HEAD = "# log of an avmeter run: warnings, and tracebacks of what failed\n"
_MARKS = {
    PAGE: PAGE_MARK.encode(),
    STRESS: f'"format": "{STRESS_FORMAT}"'.encode(),
    BREAKDOWN: ",".join(BREAKDOWN_HEADER).encode(),
    LOG: _LOG_HEAD.encode(),
}
UNFINISHED = "unfinished"
"""Folder in a run folder with the rows of a run that goes on, or was killed; `avmeter.run.journal` writes it."""
_PART = re.compile(r"(results|samples)-\d{5,}\.parquet")
_HEAD = 4096  # bytes in which a mark stands
_OTHER_FOLDER = "choose another folder for the run"


def write_run(
    results: ScoreTable,
    folder: str | os.PathLike[str],
    *,
    summary: Mapping[str, Any] | None = None,
    stress: Mapping[str, Any] | None = None,
    states: bytes | None = None,
) -> Path:
    """Write a run folder, made if it does not exist; a run that is there is replaced as a whole.

    Args:
        results: The run.
        folder: Where.
        summary: That of the run, where it was made already.
        stress: Cells and verdicts of a stress experiment, written as `stress.json`.
        states: What corpus metrics have collected, where the run is a shard.

    Raises:
        UsageError: The folder cannot be written, or holds files of these names that are not a run's.
    """
    place = run_folder(folder)
    summary = summarise(results) if summary is None else summary
    pages = {BREAKDOWN: breakdown_csv(summary["by"]).encode()} if "by" in summary else {}
    _refuse_foreign(place, (*([STRESS] if stress is not None else []), *pages))
    if results.log and _is_own(place / LOG):  # a common name: one of others stays, and costs nobody a run
        pages[LOG] = (_LOG_HEAD + results.log).encode(errors="backslashreplace")
    run_id = secrets.token_hex(8)
    contents: dict[str, bytes] = {
        RESULTS: results_parquet(results, run_id),
        SAMPLES: samples_parquet(results, run_id),
        TABLE: results_csv(results).encode(),
        SUMMARY: _json({"run_id": run_id, **summary}),
    }
    if stress is not None:
        contents[STRESS] = _json({"format": STRESS_FORMAT, "run_id": run_id, **stress})
    if states is not None:
        contents[STATES] = states
    facts = {**_run_facts(results, run_id), "files": {n: sha256_of(c) for n, c in contents.items()}}
    with _writing(place), StagedFiles() as staged, StagedFiles() as mark:
        for name, content in (contents | pages).items():
            staged.add(place / name, content)
        staged.add(place / RUN, _json({**facts, "provenance": results.provenance}))
        mark.add(place / RUN, _unfinished(run_id))
        mark.place()
        _remove_pages(place)
        (place / STATES).unlink(missing_ok=True)
        staged.place(*(place / name for name in contents | pages))
        staged.place(place / RUN)
        with contextlib.suppress(OSError):
            remove_unfinished(place)
    return place


def prepare_run(
    folder: str | os.PathLike[str],
    *,
    clips: Sequence[str] = (),
    stress: bool = False,
    breakdown: bool = False,
) -> Path:
    """Make sure before a run that its folder can be written; it is left as it is, absent if it was absent.

    Args:
        folder: Run folder, for the files of a run and its page.
        clips: Subfolders into which clips will be written.
        stress: `stress.json` will be written as well.
        breakdown: `breakdown.csv` will be written as well.

    Raises:
        UsageError: As `write_run`; or a subfolder holds files of others.
    """
    place = run_folder(folder)
    _refuse_foreign(place, (PAGE, *([STRESS] if stress else []), *([BREAKDOWN] if breakdown else [])))
    for name in clips:
        refuse_unlisted_files(place / name)
    try:
        with _existing(place), tempfile.TemporaryFile(dir=place):
            return place
    except OSError as error:
        raise _unwritable(place, error) from error


def remove_unfinished(place: Path) -> None:
    """Remove the rows of a run that did not come to its end from its folder, and nothing that others put there.

    Raises:
        OSError: They cannot be removed, or the folder is somebody else's.
    """
    folder = place / UNFINISHED
    if not folder.is_dir():
        return
    if (folder / RUN).exists() and read_run_facts(folder) is None:
        raise FileExistsError(errno.EEXIST, f"{folder} is of another program")
    remove_stray_files(folder)
    for path in sorted(folder.iterdir(), key=lambda p: p.name == RUN):  # what says whose they are goes last
        if _PART.fullmatch(path.name) or path.name == RUN:
            path.unlink()
    folder.rmdir()


def write_breakdown(results: ScoreTable, folder: str | os.PathLike[str]) -> Path:
    """Write the breakdown of a run that is there already, and nothing else.

    Raises:
        UsageError: The folder cannot be written, or holds a file of this name that is not a run's.
    """
    place = run_folder(folder)
    _refuse_foreign(place, (BREAKDOWN,))
    with _writing(place):
        write_atomically(place / BREAKDOWN, breakdown_csv(summarise(results).get("by", {})))
    return place / BREAKDOWN


def begin_run(folder: str | os.PathLike[str]) -> Path:
    """Take the mark of a finished run out of a folder, before clips that its results were made from are replaced.

    Raises:
        UsageError: As `write_run`.
    """
    place = run_folder(folder)
    _refuse_foreign(place, ())
    with _writing(place), StagedFiles() as mark:
        mark.add(place / RUN, unfinished_mark())
        mark.place()
        _remove_pages(place)
    return place


def read_run_facts(place: Path) -> dict[str, Any] | None:
    """Return the content of `run.json`; None if there is no such file of this version."""
    try:
        return parse_run_facts(read_regular(place / RUN))
    except OSError:
        return None


def parse_run_facts(content: bytes) -> dict[str, Any] | None:
    """Return what a `run.json` says; None if it is none of this version."""
    try:
        facts = parse_json(content.decode("utf-8"))
    except ValueError:
        return None
    is_run = isinstance(facts, dict) and facts.get("format") == FORMAT and facts.get("format_version") == FORMAT_VERSION
    return facts if is_run else None


def refuse_other_files(place: str, names: Sequence[str], run_json: bytes) -> None:
    """Refuse to replace files of the names of a run, where what stands beside them is no run's `run.json`.

    Raises:
        UsageError: There are some.
    """
    if names and parse_run_facts(run_json) is None:
        raise UsageError(f"{place} holds {', '.join(names)}, which no run has written", hint=_OTHER_FOLDER)


def run_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the path of a run folder.

    Raises:
        UsageError: It is empty or no path: an empty variable of a script would name the current folder.
    """
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder) or "\0" in str(folder):
        raise UsageError(f"{folder!r} is no name of a run folder", hint="give a folder, or `.` for the current one")
    return Path(folder)


def refuse_foreign_page(place: Path) -> None:
    """Refuse to replace a page that is not a run's.

    Raises:
        UsageError: There is one.
    """
    if not _is_own(place / PAGE):
        raise _foreign(place, [PAGE])


def sha256_of(content: bytes) -> str:
    """Return the hash of a file's content, as `run.json` has it."""
    return hashlib.sha256(content).hexdigest()


def _refuse_foreign(place: Path, pages: Sequence[str]) -> None:
    names = (RESULTS, TABLE, SAMPLES, SUMMARY, STATES, RUN)
    try:
        if os.path.lexists(place) and not place.is_dir():
            raise UsageError(f"{place} is a file, not a folder", hint="choose another name for the run")
        present = [n for n in names if os.path.lexists(place / n)]
        is_run = read_run_facts(place) is not None  # read after the look: a run that is being written has it first
        foreign = [n for n in present if not is_run or (place / n).is_dir()]
        foreign += [n for n in pages if not _is_own(place / n)]
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise _unwritable(place, error) from error
    if foreign:
        raise _foreign(place, foreign)


def _is_own(path: Path) -> bool:
    """True for a page that is not there, or was written by a run."""
    if not os.path.lexists(path):
        return True
    try:
        with open_regular(path) as file:
            return _MARKS[path.name] in file.read(_HEAD)
    except OSError:
        return False


def _foreign(place: Path, names: Sequence[str]) -> UsageError:
    return UsageError(f"{place} holds {', '.join(names)}, which no run has written", hint=_OTHER_FOLDER)


def _unwritable(place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{place}: cannot be written ({error.strerror or error})", hint="choose another folder with `--out`"
    )


@contextlib.contextmanager
def _existing(place: Path) -> Iterator[None]:
    """Make a folder for the length of the block: a run that ends before its results leaves no empty ones."""
    made = [folder for folder in (place, *place.parents) if not folder.exists()]
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):  # another run writes there already
                folder.rmdir()


@contextlib.contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Make the folder, wait for other processes that write it, and say what cannot be written."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _alone_in(place):
            remove_stray_files(place)
            yield
    except OSError as error:
        raise _unwritable(place, error) from error


@contextlib.contextmanager
def _alone_in(place: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # file systems without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_pages(place: Path) -> None:
    """Remove what was derived from the run that is being replaced."""
    for name in _MARKS:
        if (place / name).is_file() and _is_own(place / name):
            (place / name).unlink()


def unfinished_mark() -> bytes:
    """Return the `run.json` of a run that is being written."""
    return _unfinished(secrets.token_hex(8))


def _unfinished(run_id: str) -> bytes:
    return _json({"format": FORMAT, "format_version": FORMAT_VERSION, "run_id": run_id})


def _run_facts(results: ScoreTable, run_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "run_id": run_id,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "dummy": results.is_dummy,
    }
    if results.provenance.get("partial"):
        facts |= {k: results.provenance[k] for k in ("partial", "num_finished")}
    return {**facts, "mark": DUMMY_MARK} if results.is_dummy else facts


def _json(value: Mapping[str, Any]) -> bytes:
    return f"{to_json(value, indent=2)}\n".encode()
