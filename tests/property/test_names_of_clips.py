"""A table of captions never gives a clip the caption of another one, however its rows spell their clips."""

from __future__ import annotations

import csv
import tempfile
import warnings
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from avmeter.errors import ManifestError
from avmeter.manifest import attach_prompts

STEMS = st.one_of(
    st.text("abAB01-_", min_size=1, max_size=4),
    st.integers(0, 20).flatmap(lambda n: st.integers(1, 4).map(lambda width: f"{n:0{width}d}")),
    st.integers(0, 15).map(lambda n: f"sample_{n}"),
    st.integers(0, 12).map(lambda n: f"clip.{n}"),
    st.tuples(st.sampled_from("xy"), st.sampled_from("abc")).map("/".join),
    st.sampled_from(["1e1", "Tür", "a b", "x.mp4", "dog"]),
)
SPELLINGS = (
    lambda stem: stem,
    lambda stem: f"{stem}.wav",
    lambda stem: f"gen/{stem}.wav",
    lambda stem: f"/data/{stem}.mp4",
    lambda stem: f" {stem} ",
    lambda stem: stem.replace("/", "\\"),
    lambda stem: str(int(stem)) if stem.isdecimal() else stem,
)


@given(data=st.data(), stems=st.lists(STEMS, min_size=2, max_size=9, unique=True))
def test_no_clip_has_the_caption_of_another(data: st.DataObject, stems: list[str]) -> None:
    """Rows in any order, in any spelling, also of clips that are not there: a clip has its caption or none."""
    num_absent = data.draw(st.integers(0, len(stems) - 1))
    clips = [{"id": f"{s}.wav", "audio": f"gen/{s}.wav"} for s in stems[num_absent:]]
    rows = [(data.draw(st.sampled_from(SPELLINGS))(s), f"caption of <{s}>") for s in data.draw(st.permutations(stems))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "prompts.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("vid", "caption"), *rows])
        try:
            found = attach_prompts(clips, path)
        except ManifestError:
            return
    for clip in found:
        assert clip.get("text_prompt") in (None, f"caption of <{clip['id'].removesuffix('.wav')}>")
