"""Extractors whose networks are loaded, and those that cannot be."""

from __future__ import annotations

from avmeter.engine.compute.activity import Activity
from avmeter.engine.failures import FAILURES, skip_of_failure, skip_of_unavailable
from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.features.base import Extractor, WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import CoreShare, Runtime


class LoadedExtractors:
    """Loads each extractor once.

    Args:
        runtime: Where networks are loaded to, and how they share the cores.
        activity: Is told which one is being loaded.
    """

    def __init__(self, runtime: Runtime, activity: Activity) -> None:
        self._runtime = runtime
        self._activity = activity
        self._loaded: dict[str, Extractor] = {}
        self._unavailable: dict[str, Skip] = {}

    def load(self, extractor: Extractor) -> Skip | None:
        """Load an extractor unless it is; return a skip if it cannot be."""
        identity = extractor.identity()
        if identity not in self._loaded and identity not in self._unavailable:
            self._activity.stage = f"loading {extractor.name}"
            try:
                extractor.load(self._runtime)
            except (WeightsError, MissingDependencyError) as error:
                self._unavailable[identity] = skip_of_unavailable(error)
            except FAILURES as error:
                self._unavailable[identity] = skip_of_failure(error, extractor)
            else:
                self._loaded[identity] = extractor
        return self._unavailable.get(identity)

    def unload(self) -> None:
        """Drop all networks; they come again when needed."""
        for extractor in self._loaded.values():
            extractor.unload()
        self._loaded.clear()
        self._unavailable.clear()

    def has_too_few_lanes(self, num_jobs: int) -> bool:
        """Return True if more networks could run at once for so many jobs than do now."""
        return bool(self._loaded) and self._share(num_jobs).num_lanes > self._runtime.cores.num_lanes

    def share_cores(self, num_jobs: int) -> None:
        """Give every job a core, as far as there are; networks of fixed threads are built anew when lanes are added."""
        if self._loaded and not self.has_too_few_lanes(num_jobs):
            return
        self._runtime.cores = self._share(num_jobs)
        for identity, extractor in list(self._loaded.items()):
            if isinstance(extractor, WindowExtractor) and extractor.is_sized_to_cores:
                self._loaded.pop(identity).unload()
                self._runtime.networks.pop(extractor.network_key(), None)

    def _share(self, num_jobs: int) -> CoreShare:
        return CoreShare.among(num_jobs, beside_gpu=self._runtime.device.type == "cuda")
