"""What goes between a run and a process that reads for it comes back as it was."""

import pickle

import numpy as np
import pytest

from avmeter.engine.decode.reader_messages import AudioBatch, Fault, joined
from avmeter.errors import MediaError, SkipCode
from avmeter.media.audio_decode import AudioBlock


def block(length, *, sample_rate=48_000, time_s=None):
    samples = np.random.default_rng(length).random((length, 2), np.float32)
    return AudioBlock(samples=samples, sample_rate=sample_rate, channels=("FL", "FR"), time_s=time_s)


def test_blocks_that_were_joined_are_split_as_they_were():
    """Lengths and times of each; an empty one too."""
    blocks = [block(1024, time_s=0.5), block(0), block(100_000, time_s=None), block(7, time_s=3.0)]
    batches = list(joined(blocks))
    assert len(batches) == 2, "small ones share a batch"
    found = [b for batch in batches for b in batch.split()]
    for ours, theirs in zip(found, blocks, strict=True):
        np.testing.assert_array_equal(ours.samples, theirs.samples)
        assert (ours.time_s, ours.sample_rate, ours.channels) == (theirs.time_s, theirs.sample_rate, theirs.channels)


def test_blocks_of_another_rate_are_a_batch_of_their_own():
    """A batch has one rate."""
    assert [b.sample_rate for b in joined([block(5), block(5), block(5, sample_rate=8000)])] == [48_000, 8000]
    assert list(joined([])) == []
    assert isinstance(next(joined([block(1)])), AudioBatch)


def arrived(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - made here


def test_error_of_this_package_arrives_whole():
    """Class, code, sentence and hint."""
    error = arrived(Fault.of(MediaError(SkipCode.SILENT, "a.wav: silent", hint="listen"))).error
    assert type(error) is MediaError
    assert (error.code, error.message, error.hint, str(error)) == (
        SkipCode.SILENT, "a.wav: silent", "listen", "a.wav: silent\nhint: listen",
    )  # fmt: skip


def test_fault_brings_its_traceback():
    """As a note, where logs show it; an error that cannot be pickled is described."""

    class LocalError(Exception):
        pass

    for kind, expected in ((ZeroDivisionError, ZeroDivisionError), (LocalError, RuntimeError)):
        try:
            raise kind("oh")
        except kind as error:
            found = arrived(Fault.of(error)).error
        assert type(found) is expected
        assert "oh" in str(found)
        assert "test_reader_messages.py" in found.__notes__[0]


def test_pickled_fault_is_raised_as_it_was():
    """`pickle` calls the class with all that was printed of an error, unless told better."""
    with pytest.raises(MediaError, match="absent"):
        raise arrived(MediaError(SkipCode.MISSING_FILE, "absent"))
