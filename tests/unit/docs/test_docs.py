"""The documentation is current, complete, and its code runs."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import typer.main

from avmeter.cli.app import app
from avmeter.errors import SkipCode
from avmeter.fastvideo.names import fastvideo_names
from avmeter.registry import list_metrics
from avmeter.weights import catalog
from support.media import tone, write_pcm_wav
from support.paths import ROOT
from support.registrations import forgotten_registrations

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "bench").rglob("*.md")])
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(generate: ModuleType) -> None:
    """What `make docs` would write is what stands there."""
    assert generate.outdated() == [], "run `make docs`"


@pytest.mark.parametrize("name", list_metrics())
def test_every_metric_says_what_it_is_good_for(name: str) -> None:
    """A page per metric, with a good value, what it does not see, and sources, none of them empty."""
    text = (DOCS / "metrics" / f"{name}.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## ([^\n]+)\n\n(.+?)(?=\n\n## |\Z)", text, re.MULTILINE | re.DOTALL))
    for heading in ("A good value", "What it does not see", "Sources", "Options", "Facts"):
        assert len(parts.get(heading, "")) > 10, f"{name}: nothing under {heading}"


def test_every_option_of_a_metric_is_explained(generate: ModuleType) -> None:
    """No option is listed without words of its own."""
    for name in list_metrics():
        for row in generate.metric_page(name).partition("## Options")[2].partition("##")[0].splitlines():
            cells = [c.strip() for c in row.strip("|").split("|")]
            if cells[0].startswith("`") and cells[0] != "`protocol`":
                assert cells[2], f"{name}: {cells[0]}"


def test_every_skip_code_is_explained(generate: ModuleType) -> None:
    """A new code without an explanation is found here."""
    assert set(generate.SKIPS) == set(SkipCode)
    assert all(f"`{code}`" in (DOCS / "results.md").read_text(encoding="utf-8") for code in SkipCode)


def test_every_checkpoint_has_its_licence_in_the_docs() -> None:
    """Nobody has to ask a program what they may use."""
    text = (DOCS / "weights.md").read_text(encoding="utf-8")
    assert [n for n in catalog() if f"| `{n}` |" not in text] == []


def test_tree_of_the_readme_is_the_tree() -> None:
    """Every module and package at the top of `src/avmeter` is in the README once, and nothing else is."""
    tree = (ROOT / "README.md").read_text(encoding="utf-8").partition("    src/avmeter/\n")[2].partition("\n\n")[0]
    listed = re.findall(r"(?<= )\w+(?:\.py|/)(?= |$)", tree, re.MULTILINE)
    found = [p for p in (ROOT / "src" / "avmeter").iterdir() if not p.name.startswith("_")]
    here = [f"{p.name}/" if p.is_dir() else p.name for p in found if p.is_dir() or p.suffix == ".py"]
    assert sorted(listed) == sorted(here)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Every link inside the repository has a target."""
    targets = [t.partition("#")[0] for t in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in t]
    assert [t for t in targets if t and not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_pages_exist(page: Path) -> None:
    """Every `avmeter` command and option that a page shows is one that the program has."""
    group = typer.main.get_command(app)
    for line in re.findall(r"^    (?:\w+=\S+ )*avmeter (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        words = shlex.split(line.partition("  #")[0])
        command = group
        while getattr(command, "commands", None) and words:
            assert words[0] in command.commands, f"{page.name}: avmeter {line}"
            command = command.commands[words.pop(0)]
        known = {o for p in command.params for o in p.opts}
        assert {w for w in words if w.startswith("-")} <= known, f"{page.name}: avmeter {line}"


def test_metric_names_in_pages_exist() -> None:
    """No page speaks of a metric that there is not, here or in FastVideo, whose list is a table of its own."""
    known = {*list_metrics(), *fastvideo_names()}
    groups = "|".join(sorted({name.partition(".")[0] for name in known}))
    for page in PAGES:
        for name in re.findall(rf"`((?:{groups})\.[a-z_]+)`", page.read_text(encoding="utf-8")):
            assert name in known, f"{page.name}: {name}"


@pytest.mark.parametrize("page", ["add-a-metric.md", "add-a-network.md"])
def test_code_of_the_worked_example_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page as it stands, block after block, with its own assertions."""
    write_pcm_wav(tmp_path / "clip.wav", np.asarray(tone(440.0, 0.5, 16_000, 2.0)), 16_000)
    write_pcm_wav(tmp_path / "quiet.wav", np.asarray(tone(440.0, 0.05, 16_000, 2.0)), 16_000)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    names = {"__name__": "worked_example"}
    with forgotten_registrations():
        for block in blocks:
            exec(compile(block, page, "exec"), names)


def test_files_of_a_network_are_those_of_the_example() -> None:
    """The recipe names places that the example has, so that it cannot go stale in silence."""
    text = (DOCS / "add-a-network.md").read_text(encoding="utf-8")
    named = {"NAME": "distillmos", "FAMILY": "quality", "GROUP": "audio"}
    paths = re.findall(r"^\| [^|]+\| (`[^|]+) \|", text, re.MULTILINE)
    found = [re.sub("|".join(named), lambda m: named[m[0]], p) for row in paths for p in re.findall(r"`([^`]+)`", row)]
    assert len(found) >= 7
    assert [p for p in found if not (ROOT / p).exists()] == []
