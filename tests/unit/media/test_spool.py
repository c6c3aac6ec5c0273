"""Spools read like the array of their rows, in memory and on disk; all slices are under property tests."""

import gc
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media.spool import ChannelView, Spool
from support import require


def filled(limit_bytes: int, num_rows: int = 100) -> Spool:
    spool = Spool((2,), limit_bytes=limit_bytes)
    for row in range(num_rows):
        spool.append(np.full((1, 2), row, np.float32))
    return spool


@pytest.mark.parametrize("limit_bytes", [0, 100, 1 << 20])
def test_rows_come_back_in_order_wherever_they_are(limit_bytes: int) -> None:
    """Rows written before and after the move to disk follow each other."""
    spool = filled(limit_bytes)
    assert spool.on_disk is (limit_bytes < 800)
    assert (spool.shape, spool.ndim, spool.nbytes) == ((100, 2), 2, 800)
    np.testing.assert_array_equal(np.asarray(spool)[:, 1], np.arange(100))


def test_rows_of_another_shape_are_refused() -> None:
    """A row that does not fit is an error of its writer."""
    with pytest.raises(ValueError, match="do not fit"):
        Spool((2,)).append(np.zeros((1, 3), np.float32))


def test_small_spool_is_compacted_to_its_array() -> None:
    """What fits into memory is handed out as a plain array."""
    assert isinstance(filled(1 << 20).compact(), np.ndarray)
    assert isinstance(filled(0).compact(), Spool)


def test_channels_are_read_without_loading_the_rest() -> None:
    """A view turns rows (N, C) into channels (C, N)."""
    view = ChannelView(filled(0))
    assert (view.shape, len(view)) == ((2, 100), 2)
    np.testing.assert_array_equal(view[0], np.arange(100))
    np.testing.assert_array_equal(view[:, 5:7], [[5, 6], [5, 6]])
    np.testing.assert_array_equal(view[1, 5:7], [5, 6])


def test_file_goes_with_the_last_reference() -> None:
    """The temporary file has no name, and its descriptor is closed with the spool."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        require.absent("system", "no /proc here")
    gc.collect()  # spools of other tests
    before = len(list(folder.iterdir()))
    spool = filled(0)
    assert len(list(folder.iterdir())) == before + 1
    del spool
    gc.collect()
    assert len(list(folder.iterdir())) == before


def test_full_temporary_folder_is_a_skip_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason has the folder, the hint the variable that changes it."""
    if not Path("/dev/full").exists():
        require.absent("system", "no /dev/full here")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "r+b", buffering=0))  # noqa: SIM115, PTH123
    with pytest.raises(MediaError, match=re.escape(tempfile.gettempdir())) as caught:
        filled(0)
    assert (caught.value.code, "TMPDIR" in caught.value.hint) == (SkipCode.NO_SPACE, True)


def test_temporary_folder_that_is_not_there_is_a_skip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that was removed or cannot be written to is named too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(MediaError, match="gone") as caught:
        filled(0)
    assert caught.value.code is SkipCode.NO_SPACE
