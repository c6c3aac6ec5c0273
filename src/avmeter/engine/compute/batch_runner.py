"""Running one batch here and now, whatever it fails with."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch

from avmeter.engine.compute.batching import Batch, BatchSizes
from avmeter.engine.failures import FAILURES, skip_of_failure
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime

logger = logging.getLogger("avmeter")


class BatchRunner:
    """Runs batches; what does not fit or fails is run in smaller ones, down to a skip of the single window.

    Args:
        runtime: Device and precision.
        sizes: Are told which do not fit.
    """

    def __init__(self, runtime: Runtime, sizes: BatchSizes) -> None:
        self._runtime = runtime
        self._sizes = sizes

    def run(self, batch: Batch) -> list[Mapping[str, Any] | Skip]:
        """Return the outputs of each window, waited for."""
        extractor, windows = batch.extractor, list(batch.windows)
        outputs: list[Mapping[str, Any] | Skip] = []
        start, size = 0, len(windows)
        while start < len(windows):
            part = windows[start : start + size]
            try:
                with torch.inference_mode():
                    outputs.extend(self._run_part(batch, slice(start, start + len(part))))
            except SkipError as error:
                outputs.extend([skip_of_failure(error, extractor)] * len(part))
            except (torch.OutOfMemoryError, MemoryError):
                size = self._shrink(extractor, len(part))
                if size:
                    continue
                size = self._sizes.halve(extractor, 2)
                outputs.append(self._does_not_fit(extractor))
            except FAILURES as error:  # a window's failure becomes the skip of its clip
                if len(part) > 1:
                    size = 1
                    continue
                outputs.append(skip_of_failure(error, extractor))
            start += len(part)
        return outputs

    def _run_part(self, batch: Batch, part: slice) -> list[dict[str, Any]]:
        extractor = batch.extractor
        if batch.uploaded is None:
            outputs = extractor.run(batch.windows[part], self._runtime)
        else:
            uploaded = {name: tensor[part] for name, tensor in batch.uploaded.items()}
            outputs = extractor.collect(extractor.launch(uploaded, self._runtime))
        if len(outputs) != len(batch.windows[part]):
            raise ValueError(f"{len(outputs)} outputs for {len(batch.windows[part])} windows")
        return outputs

    def _shrink(self, extractor: WindowExtractor, num_windows: int) -> int:
        """Free what can be freed, and return the size to try next; 0 if even one window did not fit."""
        if self._runtime.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.warning("%s: out of memory with %d windows at once", extractor.name, num_windows)
        return self._sizes.halve(extractor, num_windows)

    def _does_not_fit(self, extractor: WindowExtractor) -> Skip:
        return Skip(
            code=SkipCode.OUT_OF_MEMORY,
            reason=f"{extractor.name}: out of memory with one window on {self._runtime.device}",
            hint="free memory on the device, or use `device='cpu'`",
        )
