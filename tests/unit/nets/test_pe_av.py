"""PE-AV's parts are built without a trace."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import pe_av
from support import require
from support.pe_av import CONFIG

require.package("transformers")


@pytest.mark.parametrize("part", pe_av.PARTS)
def test_building_a_part_draws_nothing_from_the_global_generator(part: str) -> None:
    """A training loop that scores in between goes on with the numbers that it would have had."""
    before = torch.get_rng_state()
    pe_av.build(part, CONFIG)
    assert torch.equal(torch.get_rng_state(), before)
