"""Versions of the packages whose code shapes a score."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "avmeter", "torch", "av", "soxr", "numpy", "transformers", "faster-whisper", "ctranslate2", "onnxruntime",
)  # fmt: skip
"""Packages whose versions belong to the provenance of a run."""


def installed_versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return package -> version of those among them that are installed here."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
