"""Corpus states as files, for parts of a set that are scored apart and merged later; nothing in them can execute."""

from avmeter.engine.states.file import SetName, decode_states, encode_states, refuse_unwritable_states

__all__ = ["SetName", "decode_states", "encode_states", "refuse_unwritable_states"]
