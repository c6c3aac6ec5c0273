"""Names of modules, classes, functions, arguments and attributes hold to the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT

PACKAGE = ROOT / "src" / "avmeter"
GLOSSARY = ROOT / "docs" / "glossary.md"

# Named after a code that results hold, and a metric of FastVideo, which are contracts.
CONTRACT = {"errors.py STILL_PICTURE", "metrics/optical_flow/gt_optical_flow.py gt_optical_flow"}


def words_of(name: str) -> list[str]:
    """The words in a name of either style: `num_points`, `FrameTimes`, `CLAPText`."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return [part.lower() for part in parts]


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """What the glossary says not to say: part of no name, and words for a role that are no argument's whole name."""

    parts: list[list[str]]
    arguments: list[list[str]]

    @classmethod
    def read(cls) -> Forbidden:
        """Take what stands in code type in the column "do not say"; a row of roles has its subject in parentheses."""
        rows = [line.split("|") for line in GLOSSARY.read_text().splitlines() if line.startswith("|")]
        header, _, *body = [[cell.strip() for cell in row] for row in rows]
        say, wrong = header.index("say"), header.index("do not say")
        words = [(row[say].startswith("("), words_of(w)) for row in body for w in re.findall(r"`(\w+)`", row[wrong])]
        return cls(parts=[w for of_role, w in words if not of_role], arguments=[w for of_role, w in words if of_role])

    def forbids(self, name: str, *, is_argument: bool) -> bool:
        words = words_of(name)
        if is_argument and words in self.arguments:
            return True
        return any(words[i : i + len(part)] == part for part in self.parts for i in range(len(words)))


def arguments_in(tree: ast.Module) -> set[str]:
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def names_in(tree: ast.Module) -> Iterator[str]:
    """Names that a reader of other files meets, without arguments and local variables."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from fields_of(node)


def fields_of(owner: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Variables of a module and fields of a class."""
    for statement in owner.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def offences_in(path: Path, forbidden: Forbidden) -> set[str]:
    """`path name` for every name that says what is not to be said."""
    where = path.relative_to(PACKAGE)
    tree = ast.parse(path.read_text())
    names = {*where.with_suffix("").parts, *names_in(tree)}
    wrong = {n for n in names if forbidden.forbids(n, is_argument=False)}
    wrong |= {n for n in arguments_in(tree) if forbidden.forbids(n, is_argument=True)}
    return {f"{where.as_posix()} {name}" for name in wrong}


def offences() -> set[str]:
    forbidden = Forbidden.read()
    return set().union(*(offences_in(path, forbidden) for path in PACKAGE.rglob("*.py"))) - CONTRACT


def test_glossary_is_read() -> None:
    """Parts of names, two words at once, and roles."""
    forbidden = Forbidden.read()
    assert forbidden.forbids("_DamagedPicture", is_argument=False)
    assert forbidden.forbids("num_points", is_argument=False)
    assert forbidden.forbids("second", is_argument=True)
    assert not forbidden.forbids("hop_per_second", is_argument=True)
    assert not forbidden.forbids("video_duration_s", is_argument=True)


def test_names_hold_to_the_glossary() -> None:
    """One word for one thing: what the glossary says not to say is part of no name."""
    assert not offences(), "docs/glossary.md says which word to use"


def test_words_are_matched_whole() -> None:
    """`children` is a word of `TwoChildren`, and `told` is none of `untold`."""
    assert words_of("TwoChildren") == ["two", "children"]
    assert words_of("_num_points") == ["num", "points"]
    assert words_of("CLAPText2") == ["clap", "text"]
    assert words_of("untold_x") == ["untold", "x"]
