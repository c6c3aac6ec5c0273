"""Specs of waveforms."""

import pytest

from avmeter.errors import UsageError
from avmeter.media import AudioSpec


@pytest.mark.parametrize(
    "options",
    [{"mixdown": "median"}, {"clock": "wall"}, {"resampler": "linear"}, {"sample_rate": 0}, {"max_duration_s": 0.0}],
)
def test_malformed_specs_are_refused_at_birth(options):
    """A spec with an unknown choice cannot be made."""
    with pytest.raises(UsageError):
        AudioSpec(**options)
