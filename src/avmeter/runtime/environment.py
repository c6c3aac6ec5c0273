"""Environment variables: read here and nowhere else in this package, when they are needed, and never written.

The exceptions write for others: `avmeter.telemetry` turns usage reports of other packages off, and the executor of a
Ray cluster decides what its workers find.

| variable | meaning |
|---|---|
| `AVMETER_WEIGHTS` | folder with checkpoints: `NAME/file`, or `file` alone |
| `AVMETER_CACHE` | downloads, their hashes and the feature store; else `avmeter` in FastVideo's, or the platform's |
| `AVMETER_OFFLINE`, `HF_HUB_OFFLINE` | anything but empty, 0, false, no, off: no network |
| `AVMETER_MIRROR` | base URL tried before all others: `BASE/NAME/file` |
| `HF_ENDPOINT` | the hub, if not https://huggingface.co |
| `HF_TOKEN` | sent to that host only |
| `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` | where the hub's own library keeps what it downloaded |
| `FASTVIDEO_EVAL_CACHE`, `FASTVIDEO_CACHE_ROOT` | FastVideo's cache, and the folder above its `eval` |
| `FASTVIDEO_FVD_REF_FEATURES` | reference features of the Fréchet video distance |
| `AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY` | a chat endpoint that judges pictures, model, key |
| `AVMETER_JUDGE_HEADERS` | further headers for that endpoint, such as `api-key: ...`; one a line |
| `SLURM_ARRAY_TASK_*`, `RANK`, `WORLD_SIZE` | which shard this is, for `--shard auto` |
| `AVMETER_CUDA_GRAPHS` | anything but empty, 0, false, no, off: networks that come often are launched as CUDA graphs |
| `AVMETER_FAD_REF_FEATURES`, `FASTVIDEO_FAD_REF_FEATURES` | reference features of the Fréchet distance |

A leading `~` in a path is the home folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_NO = frozenset({"", "0", "false", "no", "off"})
_OFFLINE = ("AVMETER_OFFLINE", "HF_HUB_OFFLINE")
_REFERENCE_FEATURES = ("AVMETER_FAD_REF_FEATURES", "FASTVIDEO_FAD_REF_FEATURES")
_LAUNCHERS = ("SLURM_ARRAY_TASK_", "RANK", "WORLD_SIZE")
_HUB = "https://huggingface.co"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where weights may be found and whether the network may be used.

    Attributes:
        folder: The user's folder with checkpoints, or None.
        cache: Our folder for downloads.
        hub_cache: The hub library's cache, only read.
        offline_because: Name of the variable that forbids the network, or None.
        mirror: Base URL tried first, or None.
        hub: Base URL of the hub.
        token: Token for the hub; never shown.
        explicit_downloads: Folder for downloads in place of one in the cache, or None.
    """

    folder: Path | None = None
    cache: Path
    hub_cache: Path | None = None
    offline_because: str | None = None
    mirror: str | None = None
    hub: str = _HUB
    token: str | None = field(default=None, repr=False)
    explicit_downloads: Path | None = None

    @classmethod
    def read(cls, *, downloads: Path | None = None) -> Settings:
        """Read the environment as it is now; `downloads` is a folder for checkpoints in place of one in the cache."""
        home = _path("HF_HOME") or _user_cache() / "huggingface"
        return cls(
            folder=_path("AVMETER_WEIGHTS"),
            cache=cache_folder(),
            hub_cache=_path("HF_HUB_CACHE") or home / "hub",
            offline_because=next(iter(offline_variables()), None),
            mirror=(_text("AVMETER_MIRROR") or "").rstrip("/") or None,
            hub=(_text("HF_ENDPOINT") or _HUB).rstrip("/"),
            token=_text("HF_TOKEN"),
            explicit_downloads=downloads,
        )

    @property
    def downloads(self) -> Path:
        """Folder of downloaded checkpoints, one subfolder for each name."""
        return self.explicit_downloads or self.cache / "weights"

    @property
    def lock_file(self) -> Path:
        """Hashes that were pinned on first use."""
        return self.cache / "weights-lock.json"

    @property
    def hash_cache(self) -> Path:
        """Folder of notes on files whose hash is known already."""
        return self.cache / "verified"


def offline_variables() -> tuple[str, ...]:
    """Return the names of the variables that forbid the network; empty if none does."""
    return tuple(filter(_is_on, _OFFLINE))


def is_launching_graphs() -> bool:
    """Return True if networks are to be launched as CUDA graphs."""
    return _is_on("AVMETER_CUDA_GRAPHS")


def _is_on(variable: str) -> bool:
    return (_text(variable) or "").strip().lower() not in _NO


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """Who is asked about pictures.

    Attributes:
        url: Base URL of an endpoint that speaks OpenAI's chat completions, its path up to `/v1`; or None.
        model: Name of the model that is asked there, or None.
        key: Sent to that host only; never shown.
        headers: Lines `NAME: VALUE`, as secret as the key.
    """

    url: str | None = None
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    headers: str = field(default="", repr=False)


def judge_settings() -> JudgeSettings:
    """Return what the environment says of a judge.

    Address, key and headers come from nowhere else: options travel in files that others write, and pictures and a key
    would go where those say.
    """
    return JudgeSettings(
        url=(_text("AVMETER_JUDGE_URL") or "").strip() or None,
        model=_text("AVMETER_JUDGE_MODEL"),
        key=(_text("AVMETER_JUDGE_KEY") or "").strip() or None,
        headers=_text("AVMETER_JUDGE_HEADERS") or "",
    )


def missing_variables(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of these variables that are not set, or empty."""
    return tuple(name for name in names if _text(name) is None)


def launcher_variables() -> dict[str, str]:
    """Return what Slurm and torchrun tell their processes."""
    return {name: value for name, value in os.environ.items() if name.startswith(_LAUNCHERS)}


def cache_folder() -> Path:
    """Return the folder for everything that may be deleted at any time.

    That is `AVMETER_CACHE`, else `avmeter` in FastVideo's cache where a variable names one, else the platform's.
    """
    explicit = _path("AVMETER_CACHE")
    if explicit is not None:
        return explicit
    beside = _explicit_fastvideo_cache()
    if beside is not None:
        return beside / "avmeter"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "avmeter"
    if sys.platform == "win32":
        return (_path("LOCALAPPDATA") or Path.home()) / "avmeter"
    return _user_cache() / "avmeter"


def fastvideo_cache_folder() -> Path:
    """Return the folder in which FastVideo's eval package stores checkpoints and data sets."""
    return _explicit_fastvideo_cache() or _user_cache() / "fastvideo" / "eval"


def _explicit_fastvideo_cache() -> Path | None:
    root = _path("FASTVIDEO_CACHE_ROOT")
    return _path("FASTVIDEO_EVAL_CACHE") or (root / "eval" if root is not None else None)


def video_reference_features_file() -> Path | None:
    """Return the file of reference features of FastVideo's Fréchet video distance, or None."""
    return _path("FASTVIDEO_FVD_REF_FEATURES")


def reference_features_file() -> Path | None:
    """Return the file of reference features that the environment names, or None."""
    return next((path for n in _REFERENCE_FEATURES if (path := _path(n)) is not None), None)


def _user_cache() -> Path:
    return _path("XDG_CACHE_HOME") or Path.home() / ".cache"


def _path(name: str) -> Path | None:
    text = _text(name)
    if not text:
        return None
    try:
        return Path(text).expanduser()
    except RuntimeError:  # `~name` of nobody: a path like any other, which is not there
        return Path(text)


def _text(name: str) -> str | None:
    return os.environ.get(name) or None
