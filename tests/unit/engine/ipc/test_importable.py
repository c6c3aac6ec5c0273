"""A class can be imported elsewhere when its module lies on the path under its name."""

import importlib.util
import sys
from collections import OrderedDict

import pytest

from avmeter.engine.ipc.importable import is_importable


class Outer:
    """Of a test module, which pytest puts on the path."""

    class Inner:
        """Reached by its qualified name."""


@pytest.mark.parametrize("cls", [dict, OrderedDict, Outer, Outer.Inner], ids=lambda c: c.__qualname__)
def test_class_of_a_module_on_the_path_is_importable(cls):
    """Built-in, of the standard library, of a user; inside another class too."""
    assert is_importable(cls)


def test_class_of_a_function_or_under_another_name_is_not():
    """Its name leads nowhere, or to something else."""

    class Local:
        pass

    class Renamed:
        __qualname__ = "Outer"

    assert not is_importable(Local)
    assert not is_importable(Renamed)


def test_class_of_a_script_is_not(monkeypatch):
    """Another process has a script of its own."""
    script = type("Script", (), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Script", script, raising=False)
    assert not is_importable(script)


def test_class_of_a_file_that_is_not_on_the_path_is_not(tmp_path, monkeypatch):
    """Loaded by its path, as notebooks do; put on the path it is."""
    (tmp_path / "loaded_by_path.py").write_text("class Mine:\n    pass\n")
    spec = importlib.util.spec_from_file_location("loaded_by_path", tmp_path / "loaded_by_path.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "loaded_by_path", module)
    spec.loader.exec_module(module)
    assert not is_importable(module.Mine)
    monkeypatch.syspath_prepend(tmp_path)
    assert is_importable(module.Mine)
