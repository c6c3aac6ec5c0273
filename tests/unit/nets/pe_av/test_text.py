"""PE-AV's text tower and its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from avmeter.errors import WeightsError
from avmeter.nets import pe_av
from support import require
from support.pe_av import CONFIG, part, write_checkpoint

require.package("transformers")


def test_long_text_keeps_its_end_token_and_counts_what_was_dropped(tmp_path: Path) -> None:
    """512 tokens are read, [CLS] and [SEP] among them; the file's own rules for length do not matter."""
    tokenize = pe_av.BpeTokens(write_checkpoint(tmp_path) / "tokenizer.json", CONFIG.text)
    short, long = tokenize("a dog barks"), tokenize("rain " * 600)
    assert (short.ids, short.num_dropped) == ((1, 5, 6, 7, 2), 0)
    assert (len(long.ids), long.ids[0], long.ids[-1], long.num_dropped) == (512, 1, 2, 90)
    assert len(pe_av.DummyTokens(CONFIG.text)("a dog").ids) == 7


@pytest.mark.parametrize("content", ["", "{}", '{"model": {"type": "Markov"}}'])
def test_file_that_is_no_tokenizer_is_refused(tmp_path: Path, content: str) -> None:
    """The error names the file."""
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        pe_av.BpeTokens(tmp_path / "tokenizer.json", CONFIG.text)


def test_text_gives_the_same_alone_and_beside_a_longer_one() -> None:
    """Padding has no influence on any of the three embeddings."""
    text: Any = part("text")
    rows = [[1, 9, 8, 2], [1, *range(10, 60), 2]]
    made = [pe_av.padded(tuple(row), 64, CONFIG.text) for row in rows]
    together = text(torch.stack([ids for ids, _ in made]), torch.stack([mask for _, mask in made]))
    for i, row in enumerate(rows):
        bare = text(torch.tensor([row]), torch.ones(1, len(row)).long())
        for name, found in together.items():
            torch.testing.assert_close(found[i], bare[name][0], rtol=0, atol=1e-5)
