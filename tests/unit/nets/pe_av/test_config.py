"""Sizes of PE-AV, published and read."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UnknownNameError, WeightsError
from avmeter.nets import pe_av
from support import require
from support.pe_av import CONFIG

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
