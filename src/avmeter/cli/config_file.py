"""`--config`: the words of the command line in a TOML file, or those of an earlier run out of its `run.json`.

    inputs = ["gen/"]
    reference = "ref/"
    metrics = ["audio.wer", "audio.dnsmos"]

    [set]
    "audio.wer.model_name" = "small"

Paths are relative to the current folder, as on the command line, which goes before the file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from avmeter.errors import UnknownNameError, UsageError
from avmeter.files import parse_json, read_regular

CONFIG = "config"
"""Key of the resolved configuration in the provenance of a run."""
_NOT_OF_A_FILE = frozenset({"config", "dry_run", "help"})


def use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make what a file says the defaults of a command; the callback of its `--config`.

    Raises:
        UsageError: It cannot be read, or is no configuration.
        UnknownNameError: A word in it is no option.
    """
    if path is None:
        return None
    content = read_config(path)
    parameters = {p.name: p for p in context.command.params if p.name and p.name not in _NOT_OF_A_FILE}
    by_word = {word: name for name, p in parameters.items() for word in _words(p)}
    defaults: dict[str, Any] = {}
    for word, value in content.items():
        name = by_word.get(word.replace("-", "_"))
        if name is None:
            raise UnknownNameError.among(f"option in {path}", word, by_word)
        defaults[name] = _as_values(parameters[name], value, f"{path}: {word}")
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def add_to_file(context: typer.Context, option: typer.CallbackParam, values: list[str] | None) -> list[str] | None:
    """Return the values of a list in the file and on the command line, each once; the callback of such an option."""
    in_file = (context.default_map or {}).get(str(option.name)) or []
    return list(dict.fromkeys([*in_file, *(values or [])])) or None


def resolved(context: typer.Context) -> dict[str, Any]:
    """Return every parameter of the command that has a value, by the word that a file has for it."""
    found: dict[str, Any] = {}
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if parameter.name in _NOT_OF_A_FILE or value is None or value in ([], ()):
            continue
        found[_words(parameter)[0]] = str(value) if isinstance(value, Path) else value
    return found


def read_config(path: Path) -> Mapping[str, Any]:
    """Return the words of a configuration and their values.

    Raises:
        UsageError: It cannot be read, or is no configuration.
    """
    try:
        text = read_regular(path).decode("utf-8")
        if path.suffix.lower() != ".json":
            return tomllib.loads(text)
        facts = parse_json(text)
        found = facts["provenance"][CONFIG]
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror or error}") from error
    except (KeyError, TypeError) as error:
        raise UsageError(f"--config {path} holds no configuration", hint="give a TOML file, or run.json") from error
    except ValueError as error:
        raise UsageError(f"--config {path} cannot be read: {error}", hint="give a TOML file, or run.json") from error
    if not isinstance(found, dict):
        raise UsageError(f"--config {path} holds no configuration", hint="give a TOML file, or run.json")
    return found


def _words(parameter: Any) -> list[str]:
    """Return the words of a parameter: its long options without dashes, else its name."""
    options = [o.removeprefix("--").replace("-", "_") for o in parameter.opts if o.startswith("--")]
    return options or [str(parameter.name)]


def _as_values(parameter: Any, value: Any, place: str) -> Any:
    is_list = getattr(parameter, "multiple", False) or parameter.nargs == -1
    if isinstance(value, Mapping):
        if not is_list:
            raise UsageError(f"{place} takes one value, not a table")
        return [f"{key}={item if isinstance(item, str) else json.dumps(item)}" for key, item in _flat(value)]
    if isinstance(value, list):
        if not is_list:
            raise UsageError(f"{place} takes one value, not a list")
        return [str(item) for item in value]
    if getattr(parameter, "is_flag", False) and not isinstance(value, bool):
        raise UsageError(f"{place} is true or false")
    return [str(value)] if is_list else value


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
