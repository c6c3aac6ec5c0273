"""Sizes of CLAP."""

from __future__ import annotations

import pytest

from avmeter.nets.clap import AudioTowerConfig, ClapConfig, MsClapConfig, TextTowerConfig
from support import require

require.package("transformers")


def test_stages_and_heads_must_match() -> None:
    """Every stage has its number of heads."""
    with pytest.raises(ValueError, match="2 stages"):
        AudioTowerConfig(depths=(2, 2), num_heads=(4,))


def test_width_doubles_with_every_stage() -> None:
    """The last of four stages is eight times as wide as the patches."""
    assert AudioTowerConfig().output_dim == 8 * 96
    assert AudioTowerConfig(depths=(2,), num_heads=(4,)).output_dim == 96


def test_longest_text_leaves_the_rows_that_are_never_reached() -> None:
    """RoBERTa counts positions from 2 on: 514 rows are 512 tokens."""
    assert TextTowerConfig().max_tokens == 512


def test_defaults_are_the_published_sizes() -> None:
    """Fused with 512 numbers for LAION, unfused with 1024 for Microsoft."""
    laion, microsoft = ClapConfig(), MsClapConfig()
    assert (laion.audio.fusion, laion.embedding_dim) == (True, 512)
    assert (microsoft.audio.fusion, microsoft.embedding_dim) == (False, 1024)
