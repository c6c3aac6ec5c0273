"""Settings on the command line: options of metrics, `audio.wer.model_name=small`, and limits, `max_fps=2000`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from avmeter.errors import UsageError
from avmeter.files import parse_json
from avmeter.metrics.synonyms import full_name

if TYPE_CHECKING:
    from avmeter.sample import RemoteAccess


def parse_options(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Parse `--set` settings into metric name -> options. Values are JSON where they parse as such, else text.

    Raises:
        UsageError: A setting is not of the form `group.metric.option=value`, or an option has two values.
    """
    options: dict[str, dict[str, Any]] = {}
    for setting in settings:
        target, equals, value = setting.partition("=")
        short, dot, name = target.strip().rpartition(".")
        metric = full_name(short)
        if not equals or not dot or "." not in metric:
            raise UsageError(
                f"`--set {setting}` is not of the form metric.option=value", hint="--set audio.wer.model_name=small"
            )
        try:
            parsed = parse_json(value)
        except json.JSONDecodeError:
            parsed = value
        except ValueError as error:  # nested thousands deep, or a number of thousands of digits
            raise UsageError(f"--set {target}: no value that an option takes ({error})") from error
        own = options.setdefault(metric, {})
        if own.get(name, parsed) != parsed:
            raise UsageError(f"--set {metric}.{name} is both {own[name]!r} and {parsed!r}", hint="set it once")
        own[name] = parsed
    return options


def parse_remote(settings: Iterable[str], *, allow_private_hosts: bool) -> RemoteAccess:
    """Parse `--remote` settings of the form `name=number`.

    Raises:
        UsageError: A setting has another form, or there is none of that name.
    """
    from avmeter.sample import RemoteAccess

    values: dict[str, float | bool] = dict(_numbers(settings, "--remote", "--remote timeout_s=60"))
    if allow_private_hosts:
        values["allow_private_hosts"] = True
    return RemoteAccess.parse(values)


def parse_limits(settings: Iterable[str]) -> dict[str, float]:
    """Parse `--limit` settings into name -> number.

    Raises:
        UsageError: A setting is not of the form `name=number`.
    """
    return _numbers(settings, "--limit", "--limit max_duration_s=36000")


def _numbers(settings: Iterable[str], option: str, example: str) -> dict[str, float]:
    numbers = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            numbers[name.strip()] = int(value) if value.strip().isdecimal() else float(value)
        except ValueError as error:
            raise UsageError(f"`{option} {setting}` is not of the form name=number", hint=example) from error
    return numbers
