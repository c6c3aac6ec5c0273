"""A small PE-AV as a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pe_av import write_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("pe-av"))
