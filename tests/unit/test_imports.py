"""Between the files of the package imports go one way."""

from __future__ import annotations

from support import require

# Being untangled.
KNOWN = {("avmeter.engine.compute.computer", "avmeter.engine.compute.assembly")}


def circles(imports: dict[str, set[str]]) -> set[str]:
    """Modules that import themselves by way of others, and those on the way from one circle to another."""
    while True:
        imported = set().union(*imports.values())
        loose = {m for m, below in imports.items() if not below or m not in imported}
        if not loose:
            return set(imports)
        imports = {m: below - loose for m, below in imports.items() if m not in loose}


def test_circles_of_any_length_are_found() -> None:
    """Two files, three files, and nothing that only hangs on them."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()
    assert circles({"top": {"a"}, "a": {"b"}, "b": {"a", "low"}, "low": set()}) == {"a", "b"}
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {"a", "b", "c"}


def test_no_files_import_each_other() -> None:
    """Not in two steps nor in many, inside functions, for types, or by way of a package's own `__init__`.

    `make lint` holds rooms and the files of a room to it; that a file imports the package it is in, only this sees.
    """
    graph = require.package("grimp").build_graph("avmeter", cache_dir=None)
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    for above, below in KNOWN:
        imports[above] = imports[above] - {below}
    assert not circles(imports)
