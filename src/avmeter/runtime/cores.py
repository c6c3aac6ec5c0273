"""How networks share the cores of this machine: many at once with one thread each, or few with more."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from avmeter.runtime.device import num_cores

_BESIDE_GPU = 4


@dataclass(frozen=True, kw_only=True)
class CoreShare:
    """Networks that compute at once on the CPU, and the threads of each.

    Threads of one network wait for each other after every layer, actively. Where something else wants the cores, one
    that is late costs all of them their time; networks of one thread each lose nothing to each other.

    Attributes:
        num_lanes: Batches that run at once.
        threads: Threads of each.
    """

    num_lanes: int = 1
    threads: int = 1

    @classmethod
    def among(cls, num_jobs: int, *, beside_gpu: bool = False) -> CoreShare:
        """Return the share for so many independent pieces of work.

        As many lanes as there are cores, as far as there is work for them. Where there is not, each lane has more
        threads, but half of the cores are left to decoding and to what else runs there.

        Args:
            num_jobs: How many.
            beside_gpu: Lanes mostly wait for a GPU: there are some, however few threads torch may use.
        """
        cores = min(torch.get_num_threads(), num_cores())
        num_lanes = max(1, min(max(cores, min(_BESIDE_GPU, num_cores())) if beside_gpu else cores, num_jobs))
        return cls(num_lanes=num_lanes, threads=max(1, cores // (2 * num_lanes)))
