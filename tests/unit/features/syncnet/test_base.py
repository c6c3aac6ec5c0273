"""What SyncNet's extractors share."""

from __future__ import annotations

from avmeter.features.syncnet.faces import SyncNetFaces
from avmeter.features.syncnet.sound import SyncNetSound


def test_both_towers_are_loaded_once() -> None:
    """Whatever the options: one checkpoint, one network."""
    assert SyncNetFaces(min_track=50).network_key() == SyncNetSound().network_key()
    assert SyncNetFaces().weights() == SyncNetSound().weights() == ("syncnet-v2",)
