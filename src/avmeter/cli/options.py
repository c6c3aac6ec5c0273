"""Options of metrics on the command line: `audio.wer.model_name=small`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from avmeter.errors import UsageError
from avmeter.files import parse_json


def parse_options(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Parse `--set` settings into metric name -> options. Values are JSON where they parse as such, else text.

    Raises:
        UsageError: A setting is not of the form `group.metric.option=value`, or an option has two values.
    """
    options: dict[str, dict[str, Any]] = {}
    for setting in settings:
        target, equals, value = setting.partition("=")
        metric, dot, name = target.strip().rpartition(".")
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
