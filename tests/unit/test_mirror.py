"""Unit tests lie where their module lies: `avmeter/stats/rank.py` is tested by `tests/unit/stats/test_rank.py`."""

from __future__ import annotations

import pytest

from support.paths import ROOT, TESTS

PACKAGE = ROOT / "src" / "avmeter"
UNIT = TESTS / "unit"
# Commands are thin, and tested from outside.
E2E = ("cli/", "__main__.py")
# Tests of no one module.
OF_THE_TREE = {"cli/help", "cli/startup", "docs/docs", "support/require", "identifiers", "imports", "mirror"}


def modules() -> list[str]:
    """Paths of all modules that need a test of their name, relative to the package."""
    paths = (p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py") if p.name != "__init__.py")
    return sorted(p for p in paths if not p.startswith(E2E))


def is_mirrored(module: str) -> bool:
    folder, _, name = module.rpartition("/")
    return (UNIT / folder / f"test_{name}").is_file()


@pytest.mark.parametrize("module", modules())
def test_module_has_a_test_of_its_name(module: str) -> None:
    """Whoever changes a module finds its tests without a search."""
    assert is_mirrored(module)


def test_every_unit_test_has_its_module_or_package() -> None:
    """What was moved or renamed takes its tests along."""
    subjects = {
        p.relative_to(UNIT).as_posix().replace("test_", "").removesuffix(".py") for p in UNIT.rglob("test_*.py")
    }
    orphans = {s for s in subjects if not (PACKAGE / f"{s}.py").is_file() and not (PACKAGE / s).is_dir()}
    assert orphans == OF_THE_TREE
