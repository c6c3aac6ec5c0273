"""Order of files without an order of their own: natural, and refused where it is a matter of opinion."""

from __future__ import annotations

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.order import natural_key, require_deliberate_order, require_one_order


def test_numbers_count_as_numbers() -> None:
    """2 before 10, in folders and in names, and files of a folder stay together."""
    names = ["s10/a", "s2/b1", "s2/b01", "s2-x/a", "take 10", "take 9", "b.wav", "B.wav"]
    assert sorted(names, key=natural_key) == [
        "B.wav", "b.wav", "s2/b01", "s2/b1", "s2-x/a", "s10/a", "take 9", "take 10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        [f"sample_{i}.wav" for i in range(12)],
        [f"{i}/clip.wav" for i in range(1, 12)],
        ["a.wav", "b.wav", "c.wav"],
        [f"x{i:02d}_{j}.wav" for i in range(3) for j in range(3)],
        ["one.wav"],
    ],
)
def test_series_and_agreeing_orders_pass(names: list[str]) -> None:
    """A numbered series has the order of its number; other names must sort alike in every way."""
    require_one_order(sorted(names, key=natural_key), "texts")


@pytest.mark.parametrize(
    "names",
    [
        ["a2b1.wav", "a10b1.wav", "a10b2.wav"],
        ["B.wav", "a.wav"],
        ["take1.wav", "Take2.wav"],
        ["a.wav", "take_2.wav", "take_10.wav"],
    ],
)
def test_orders_that_disagree_are_refused_and_shown(names: list[str]) -> None:
    """Two plausible orders are no order; the message has both."""
    with pytest.raises(ManifestError, match=r"3 texts: .*\n  natural order: .*\n  (alphabetical|case ignored): "):
        require_one_order(sorted(names, key=natural_key), "3 texts")


def test_list_in_the_order_of_sorting_is_refused() -> None:
    """A shell lists sample_10 before sample_2: whether texts do too, nobody can tell."""
    names = sorted(f"sample_{i}.wav" for i in range(12))
    with pytest.raises(ManifestError, match=r"natural order: \.\.\. sample_2\.wav, .*\n  as listed: .* sample_10"):
        require_deliberate_order(names, "12 texts")


@pytest.mark.parametrize(
    "names",
    [
        [f"sample_{i}.wav" for i in range(12)],
        [f"sample_{i}.wav" for i in (3, 11, 2)],
        ["b.wav", "a.wav"],
        ["s2_t1.wav", "s10_t2.wav"],
        [],
    ],
)
def test_list_in_an_order_of_its_own_is_taken(names: list[str]) -> None:
    """Whoever lists files otherwise than sorting does means it."""
    require_deliberate_order(names, "texts")
