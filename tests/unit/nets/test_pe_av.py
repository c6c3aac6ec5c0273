"""PE-AV's networks: what their sizes are, what they refuse, and that nobody in a batch changes another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from avmeter.errors import UnknownNameError, WeightsError
from avmeter.nets import pe_av
from support import require
from support.pe_av import CONFIG, part, write_checkpoint

require.package("transformers")


def test_published_names_are_found_by_hub_and_catalog_name() -> None:
    """A size with or without its 16 frames; a wrong one is refused with the right ones."""
    assert pe_av.checkpoint_name("facebook/pe-av-base-16-frame") == "pe-av-base-16-frame"
    assert [c.num_frames for n, c in pe_av.CHECKPOINTS.items() if "small" in n] == [None, 16]
    with pytest.raises(UnknownNameError, match="pe-av-huge"):
        pe_av.checkpoint_name("pe-av-huge")


def test_small_size_has_as_many_parameters_as_its_file_has_numbers() -> None:
    """The published file of 3,388,082,648 bytes is the network's float32 numbers and a header."""
    config = pe_av.CHECKPOINTS["pe-av-small-16-frame"].config
    with torch.device("meta"):
        built = [pe_av._PARTS[name](config) for name in ("codec", "frame", "towers")]
    own = sum(p.numel() for net in built for p in net.parameters())
    text = 321_238_016 + 3 * (2 * 1024 + 1024 * 1024)
    # The heads and scales that no embedding needs stand in the file too.
    left = 2 * (2 * (1024 + 768) + 1024 * (1024 + 768)) + 12
    header = 3_388_082_648 - 4 * (own + text + left)
    assert 50_000 < header < 200_000


def test_sizes_are_read_from_the_checkpoints_own_configuration() -> None:
    """What transformers writes is what is built; another model's file is refused by its type."""
    assert (CONFIG.audio.num_layers, CONFIG.video.num_layers, CONFIG.joint.num_layers) == (3, 1, 2)
    assert (CONFIG.frame.image_size, CONFIG.frame.output_dim, CONFIG.codec.hop_length) == (56, 24, 1920)
    assert (CONFIG.text.begin, CONFIG.text.end, CONFIG.text.pad) == (1, 2, 3)
    with pytest.raises(WeightsError, match=r"x\.json: a configuration of `clap`"):
        pe_av.PeAvConfig.read({"model_type": "clap"}, source="x.json")


def test_bare_configuration_is_what_transformers_makes_of_it() -> None:
    """Absent fields have the defaults of transformers."""
    from transformers import PeAudioVideoConfig

    theirs = PeAudioVideoConfig().audio_video_config
    ours = pe_av.PeAvConfig.read({"model_type": "pe_audio_video"}, source="bare")
    assert ours.codec.hop_length == theirs.audio_config.dac_config.hop_length
    for own, other in ((ours.audio, theirs.audio_config), (ours.video, theirs.video_config), (ours.joint, theirs)):
        assert (own.dim, own.hidden_dim) == (other.hidden_size, other.intermediate_size)
        assert (own.num_layers, own.num_heads) == (other.num_hidden_layers, other.num_attention_heads)


def test_aliases_of_one_tensor_are_one_name() -> None:
    """A file may hold a tower under the name of any model that shares it."""
    state = pe_av.without_aliases({
        "audio_model.text_model.layers.0.mlp.Wi.weight": torch.zeros(1),
        "audio_video_encoder.embedder.video_encoder.norm.weight": torch.zeros(2),
        "audio_video_encoder.norm.weight": torch.zeros(3),
    })  # fmt: skip
    assert sorted(state) == [
        "audio_video_encoder.norm.weight", "text_model.layers.0.mlp.Wi.weight", "video_model.video_encoder.norm.weight"
    ]  # fmt: skip


def test_nobody_in_a_batch_changes_another() -> None:
    """Sounds, frames and texts of different lengths, one by one and together."""
    torch.manual_seed(0)
    waveforms, pixels = torch.randn(3, 1, 1920 * 5) * 0.3, torch.randn(5, 3, 56, 56)
    for net, batch in ((part("codec"), waveforms), (part("frame"), pixels)):
        alone = torch.cat([net(row[None]) for row in batch])
        torch.testing.assert_close(net(batch), alone, rtol=0, atol=1e-5 * float(alone.abs().max()))
    text: Any = part("text")
    rows = [[1, 9, 8, 2], [1, *range(10, 60), 2]]
    made = [pe_av.padded(tuple(row), 64, CONFIG.text) for row in rows]
    together = text(torch.stack([ids for ids, _ in made]), torch.stack([mask for _, mask in made]))
    for i, row in enumerate(rows):
        bare = text(torch.tensor([row]), torch.ones(1, len(row)).long())
        for name, found in together.items():
            torch.testing.assert_close(found[i], bare[name][0], rtol=0, atol=1e-5)


def test_long_text_keeps_its_end_token_and_counts_what_was_dropped(tmp_path: Path) -> None:
    """512 tokens are read, [CLS] and [SEP] among them; the file's own rules for length do not matter."""
    tokenize = pe_av.BpeTokens(write_checkpoint(tmp_path) / "tokenizer.json", CONFIG.text)
    short, long = tokenize("a dog barks"), tokenize("rain " * 600)
    assert (short.ids, short.num_dropped) == ((1, 5, 6, 7, 2), 0)
    assert (len(long.ids), long.ids[0], long.ids[-1], long.num_dropped) == (512, 1, 2, 90)
    assert len(pe_av.DummyTokens(CONFIG.text)("a dog").ids) == 7


@pytest.mark.parametrize("content", ["", "{}", '{"model": {"type": "Markov"}}'])
def test_file_that_is_no_tokenizer_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        pe_av.BpeTokens(tmp_path / "tokenizer.json", CONFIG.text)


@pytest.mark.parametrize("part", pe_av.PARTS)
def test_building_a_part_draws_nothing_from_the_global_generator(part: str) -> None:
    """A training loop that scores in between goes on with the numbers that it would have had."""
    before = torch.get_rng_state()
    pe_av.build(part, CONFIG)
    assert torch.equal(torch.get_rng_state(), before)
