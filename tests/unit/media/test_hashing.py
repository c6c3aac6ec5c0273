"""Content keys follow the content and nothing else."""

import numpy as np
import pytest

from avmeter.errors import MediaError
from avmeter.media import array_key, content_key, hashing, known_hashes, remember_hashes
from support.media import tone, write_pcm_wav


def noise(num_samples, num_channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((num_samples, num_channels))).astype(np.float32)


def test_array_key_follows_content_and_rate():
    """Values, type, shape and rate all count; memory layout does not."""
    wave = noise(100, 2)
    keys = {array_key(wave, 16_000), array_key(wave, 8000), array_key(wave.T, 16_000), array_key(wave * 2, 16_000)}
    assert len(keys) == 4
    assert array_key(np.asfortranarray(wave), 16_000) == array_key(wave, 16_000)
    assert array_key(np.empty(0), 1) != array_key(np.zeros(1), 1)


@pytest.fixture
def wav(tmp_path):
    return write_pcm_wav(tmp_path / "secret.wav", tone(440, 0.5, 16_000, 1.0), 16_000)


def test_content_key_follows_the_bytes(tmp_path, wav):
    """Same bytes, same key; other bytes under the same name, another key; no file, a code."""
    copy = tmp_path / "copy.wav"
    copy.write_bytes(wav.read_bytes())
    before = content_key(wav)
    assert before == content_key(copy)
    assert len(before) == 64
    write_pcm_wav(wav, tone(441, 0.5, 16_000, 1.0), 16_000)
    assert content_key(wav) != before
    with pytest.raises(MediaError):
        content_key(tmp_path / "absent.wav")


def test_hash_of_another_process_holds_for_the_state_it_was_made_of(wav, monkeypatch):
    """Nothing is read for it; a file that was written to since is, and of too many all are forgotten."""
    monkeypatch.setattr(hashing, "_SETTLED_NS", -1)
    monkeypatch.setattr(hashing, "_known", {})
    real = content_key(wav)
    ((path, (state, digest)),) = known_hashes([str(wav), "other"]).items()
    assert (path, digest) == (str(wav), real)
    remember_hashes({path: (state, "sent")})
    assert content_key(wav) == "sent"
    wav.touch()
    assert content_key(wav) == real
    monkeypatch.setattr(hashing, "_MOST_KNOWN", 2)
    remember_hashes({"a": (state, "1"), "b": (state, "2")})
    assert known_hashes([path, "a", "b"]) == {"a": (state, "1"), "b": (state, "2")}


@pytest.mark.parametrize(("settled_ns", "num_reads"), [(2_000_000_000, 2), (-1, 1)])
def test_hash_is_remembered_only_for_times_that_are_past(wav, monkeypatch, settled_ns, num_reads):
    """Times of a moment ago may be those of a write whose bytes are still to come."""
    reads = []
    hash_file = hashing._hash_file
    monkeypatch.setattr(hashing, "_hash_file", lambda path: reads.append(path) or hash_file(path))
    monkeypatch.setattr(hashing, "_SETTLED_NS", settled_ns)
    assert content_key(wav) == content_key(wav)
    assert len(reads) == num_reads
