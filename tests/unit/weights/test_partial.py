"""A part of a download knows what it is a part of, and slow servers are given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.weights.partial import Pace, Partial, UnusableError

URL = "https://example.org/net.pth"


def test_part_belongs_to_one_version_at_one_address(tmp_path: Path) -> None:
    """It is continued from the address that it came from, and there only in the same version."""
    part = Partial(tmp_path / ".net.part", is_known=False)
    part.begin(URL, '"one"')
    assert part.validator(URL) == '"one"'
    assert part.validator("https://example.org/other") is None
    part.discard()
    assert part.validator(URL) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("is_known", "validator", "body", "expected"),
    [(True, None, b"x", True), (False, '"one"', b"x", True), (False, None, b"x", False), (True, '"one"', b"", False)],
)
def test_part_can_be_continued_if_its_end_or_its_version_can_be_checked(
    tmp_path: Path, is_known: bool, validator: str | None, body: bytes, expected: bool
) -> None:
    """By the hash of the whole, or by what the server says of its version; an empty one is none."""
    part = Partial(tmp_path / ".net.part", is_known=is_known)
    part.path.write_bytes(body)
    part.begin(URL, validator)
    assert part.can_be_continued is expected


@pytest.mark.parametrize("note", ["{", "[]", "[" * 100_000, '{"url": 1, "validator": 2}'])
def test_damaged_note_is_no_version(tmp_path: Path, note: str) -> None:
    """Then the part is of unknown origin."""
    part = Partial(tmp_path / ".net.part", is_known=False)
    part.note.write_text(note)
    assert part.validator(URL) is None


def test_pace_is_bytes_in_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 KiB in each window are enough, in however many pieces; fewer are given up at its end, not before."""
    now = [0.0]
    monkeypatch.setattr("avmeter.weights.partial.time.monotonic", lambda: now[0])
    pace = Pace(10.0)
    for now[0] in range(1, 100):
        pace.add(7000)
    pace, now[0] = Pace(10.0), now[0] + 9
    pace.add(1)
    now[0] += 2
    with pytest.raises(UnusableError, match=r"bytes in 1[0-9] s: given up"):
        pace.add(1)
