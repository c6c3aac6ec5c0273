"""Checkpoints of metrics that users bring: a path, a URL, or a repository of the hub."""

from __future__ import annotations

from pathlib import Path

from avmeter.errors import MissingDependencyError, UsageError
from avmeter.runtime.environment import Settings, fastvideo_cache_folder
from avmeter.telemetry import import_without_telemetry
from avmeter.weights import Entry, File
from avmeter.weights.fetch import fetch_file


def get_cache_dir() -> Path:
    """Return the folder in which FastVideo's eval package stores what it downloads."""
    return fastvideo_cache_folder()


def ensure_checkpoint(name: str, source: str, filename: str | None = None) -> str:
    """Return the path of a checkpoint on this machine, which is downloaded if need be.

    Args:
        name: File name of what a URL serves.
        source: A path; a URL; or a repository of the hub, `owner/name`.
        filename: File of the repository; None for all of them.

    Raises:
        UsageError: The source is none of these.
        WeightsError: It cannot be fetched, or a variable forbids the network.
        MissingDependencyError: A repository, and `huggingface_hub` is not installed.
    """
    if Path(source).exists():
        return source
    if source.startswith(("http://", "https://")):
        present = get_cache_dir() / "models" / name
        return str(present if present.exists() else _fetch(name, source))
    if source.count("/") == 1:
        return _from_hub(source, filename)
    raise UsageError(
        f"checkpoint {source!r} is no path, URL or repository",
        hint="give a file that exists, https://..., or owner/name",
    )


def _fetch(name: str, url: str) -> Path:
    file = File(name=name, format="pickle", urls=(url,))
    entry = Entry(name=Path(name).stem, title=name, code_licence="", weights_licence="", files=(file,))
    return fetch_file(entry, file, Settings.read())


def _from_hub(repository: str, filename: str | None) -> str:
    try:
        huggingface_hub = import_without_telemetry("huggingface_hub")
    except ImportError as error:
        raise MissingDependencyError(
            f"{repository} is a repository of the hub, and `huggingface_hub` is not installed",
            hint="pip install huggingface_hub",
        ) from error
    is_offline = Settings.read().offline_because is not None
    if filename is not None:
        return str(huggingface_hub.hf_hub_download(repository, filename, local_files_only=is_offline))
    return str(huggingface_hub.snapshot_download(repository, local_files_only=is_offline))
