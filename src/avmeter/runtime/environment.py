"""What the environment says about weights: the only place of this package that reads it, never writes it.

| variable | meaning |
|---|---|
| `AVMETER_WEIGHTS` | folder with checkpoints: `NAME/file`, or `file` alone |
| `AVMETER_CACHE` | folder for downloads and what is remembered about them; else the platform's cache folder |
| `AVMETER_OFFLINE`, `HF_HUB_OFFLINE` | anything but empty, 0, false, no, off: no network |
| `AVMETER_MIRROR` | base URL tried before all others: `BASE/NAME/file` |
| `HF_ENDPOINT` | the hub, if not https://huggingface.co |
| `HF_TOKEN` | sent to that host only |
| `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` | where the hub's own library keeps what it downloaded |
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

_NO = frozenset({"", "0", "false", "no", "off"})


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
    """

    folder: Path | None = None
    cache: Path
    hub_cache: Path | None = None
    offline_because: str | None = None
    mirror: str | None = None
    hub: str = "https://huggingface.co"
    token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls) -> Settings:
        """The settings of the environment as it is now."""
        env = os.environ
        stated = env.get("AVMETER_WEIGHTS")
        offline = (n for n in ("AVMETER_OFFLINE", "HF_HUB_OFFLINE") if env.get(n, "").strip().lower() not in _NO)
        home = Path(env.get("HF_HOME") or _user_cache() / "huggingface").expanduser()
        return cls(
            folder=Path(stated).expanduser() if stated else None,
            cache=_cache_folder(env.get("AVMETER_CACHE")),
            hub_cache=Path(env.get("HF_HUB_CACHE") or home / "hub").expanduser(),
            offline_because=next(offline, None),
            mirror=(env.get("AVMETER_MIRROR") or "").rstrip("/") or None,
            hub=(env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/"),
            token=env.get("HF_TOKEN") or None,
        )

    @property
    def downloads(self) -> Path:
        """Folder of downloaded checkpoints, one subfolder for each name."""
        return self.cache / "weights"

    @property
    def lock_file(self) -> Path:
        """Hashes that were pinned on first use."""
        return self.cache / "weights-lock.json"

    @property
    def memory(self) -> Path:
        """Folder that remembers which files were hashed already."""
        return self.cache / "verified"


def _cache_folder(stated: str | None) -> Path:
    if stated:
        return Path(stated).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "avmeter"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "avmeter"
    return _user_cache() / "avmeter"


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
