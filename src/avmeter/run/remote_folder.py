"""Run folders in an object store: written here first, then moved there as a whole; read from a copy.

The order is that of `avmeter.run.folder`: the mark of a finished run goes first, then all other files come, and
`run.json` with `written` and the hashes comes last. A run that broke off there is told from one that is whole.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from avmeter.errors import SkipError, UsageError
from avmeter.files import Url, as_url
from avmeter.run.folder import (
    BREAKDOWN,
    OWN_FILES,
    PAGE,
    RUN,
    STRESS,
    UNFINISHED,
    parse_run_facts,
    read_run_facts,
    refuse_other_files,
    unfinished_mark,
)
from avmeter.run.journal import part_name
from avmeter.sample import DEFAULT_ACCESS, RemoteAccess
from avmeter.sources import fetch, require_network
from avmeter.sources.object_store import ObjectStore

_PROBE = ".avmeter-probe"
_DERIVED = (PAGE, STRESS, BREAKDOWN)
_MAX_FILE_BYTES = 64 << 30
COPY_PREFIX = "avmeter-run-"
"""Begins the names of folders that hold a run only as long as a command lasts."""


@contextlib.contextmanager
def run_output(
    out: Path | Url, access: RemoteAccess = DEFAULT_ACCESS, *, on_moved: Callable[[Path, Url], None] | None = None
) -> Iterator[Path]:
    """Yield the folder in which a run is written; one for a URL is moved there on leaving, if there is a run in it.

    Args:
        out: Folder, or URL of a prefix in an object store, which is tried before anything is computed.
        access: How patiently the store is asked.
        on_moved: Called with the folder and the URL once the run is there.

    Raises:
        UsageError: The prefix cannot be written, or holds files of these names that are not a run's. A run that could
            not be moved stays in the folder that the message names.
    """
    url = as_url(out)
    if url is None:
        assert isinstance(out, Path)
        yield out
        return
    _prepare(url, access)
    folder = Path(tempfile.mkdtemp(prefix=COPY_PREFIX))
    try:
        yield folder
    finally:
        if read_run_facts(folder) is not None:
            upload_run(folder, url, access)
            if on_moved is not None:
                on_moved(folder, url)
        if any((folder / UNFINISHED).glob(part_name("results", 0))):
            warnings.warn(f"the rows of the unfinished run are in {folder}", stacklevel=3)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def local_run(place: Path | Url, access: RemoteAccess = DEFAULT_ACCESS) -> Iterator[Path]:
    """Yield the folder of a run; a copy for as long as the block lasts if it lies in an object store.

    Raises:
        UsageError: The store does not answer.
    """
    url = as_url(place)
    if url is None:
        assert isinstance(place, Path)
        yield place
        return
    with tempfile.TemporaryDirectory(prefix=COPY_PREFIX) as name:
        _download(url, Path(name), access)
        yield Path(name)


def facts_of_run(place: Path | Url, access: RemoteAccess = DEFAULT_ACCESS) -> dict[str, Any] | None:
    """Return the content of a run's `run.json`; None if there is no run of this version.

    Raises:
        UsageError: The store does not answer.
    """
    url = as_url(place)
    if url is None:
        assert isinstance(place, Path)
        return read_run_facts(place)
    if url.is_web:
        return None
    try:
        require_network(url)
        there = ObjectStore(url, access).names()
        content = fetch(url.joined(RUN), access, max_bytes=_MAX_FILE_BYTES) if RUN in there else b""
    except SkipError as error:
        raise UsageError(f"{url}: cannot be written ({error.message})", hint=error.hint) from error
    return parse_run_facts(content)


def upload_run(folder: Path, url: Url, access: RemoteAccess = DEFAULT_ACCESS) -> None:
    """Move the files of a run to a prefix, replacing a run that is there.

    Raises:
        UsageError: The store does not take them; the message says where they are.
    """
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    try:
        _place(url, RUN, access).write(unfinished_mark())
        there = set(ObjectStore(url, access).names())
        for name in _DERIVED:
            if name in there and name not in names:
                _place(url, name, access).remove()
        for name in [*(n for n in names if n != RUN), RUN]:
            _place(url, name, access).write((folder / name).read_bytes())
    except SkipError as error:
        raise UsageError(
            f"the run could not be moved to {url} ({error.message})", hint=f"it is complete in {folder}: copy it there"
        ) from error


def replace_derived(folder: Path, url: Url, access: RemoteAccess = DEFAULT_ACCESS) -> None:
    """Move the page and the breakdown of a run to where the run is.

    Raises:
        UsageError: The store does not take them.
    """
    try:
        for name in _DERIVED:
            if (folder / name).is_file():
                _place(url, name, access).write((folder / name).read_bytes())
    except SkipError as error:
        raise UsageError(f"{url}: cannot be written ({error.message})", hint=error.hint) from error


def _prepare(url: Url, access: RemoteAccess) -> None:
    if url.is_web:
        what = f"{url}: a run cannot be written to a web address"
        raise UsageError(what, hint="give s3://, gs://, az:// or a folder")
    try:
        require_network(url)
        there = ObjectStore(url, access).names()
        facts = fetch(url.joined(RUN), access, max_bytes=_MAX_FILE_BYTES) if RUN in there else b""
        refuse_other_files(str(url), [n for n in there if n in OWN_FILES], facts)
        _place(url, _PROBE, access).write(b"avmeter")
        _place(url, _PROBE, access).remove()
    except SkipError as error:
        raise UsageError(f"{url}: cannot be written ({error.message})", hint=error.hint) from error


def _download(url: Url, folder: Path, access: RemoteAccess) -> None:
    """Copy the files of a run, and of runs in folders below it; names that lead elsewhere are none of theirs."""
    try:
        require_network(url)
        paths = [PurePosixPath(name) for name in ObjectStore(url, access).names()]
        for path in (p for p in paths if p.name in OWN_FILES and not p.is_absolute() and ".." not in p.parts):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(fetch(url.joined(str(path)), access, max_bytes=_MAX_FILE_BYTES))
    except SkipError as error:
        raise UsageError(f"{url}: the run cannot be read ({error.message})", hint=error.hint) from error


def _place(url: Url, name: str, access: RemoteAccess) -> ObjectStore:
    return ObjectStore(Url(f"{url.text.rstrip('/')}/{name}"), access)
