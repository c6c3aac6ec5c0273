"""Cores are given to batches first, and to threads of a batch only where batches are few."""

from __future__ import annotations

import pytest

from avmeter.runtime import cores
from avmeter.runtime.cores import CoreShare


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Set how many cores there are, and how many threads torch was allowed."""

    def of(num_cores: int, num_threads: int) -> None:
        monkeypatch.setattr(cores, "num_cores", lambda: num_cores)
        monkeypatch.setattr(cores.torch, "get_num_threads", lambda: num_threads)

    return of


@pytest.mark.parametrize(
    ("num_cores", "num_jobs", "lanes", "threads"),
    [(2, 200, 2, 1), (2, 1, 1, 1), (16, 200, 16, 1), (16, 1, 1, 8), (16, 4, 4, 2), (1, 5, 1, 1), (8, 0, 1, 4)],
)
def test_many_jobs_get_one_thread_each_and_few_get_more(machine, num_cores, num_jobs, lanes, threads) -> None:
    """As many batches at once as there are cores; with fewer jobs, threads on at most half of the cores."""
    machine(num_cores, num_cores)
    assert CoreShare.among(num_jobs) == CoreShare(num_lanes=lanes, threads=threads)


def test_omp_num_threads_is_the_number_of_cores_in_use(machine) -> None:
    """A launcher that limits torch to two threads of sixteen cores means two lanes."""
    machine(16, 2)
    assert CoreShare.among(100) == CoreShare(num_lanes=2, threads=1)


def test_batches_that_wait_for_a_gpu_need_no_thread_of_torch(machine) -> None:
    """Launchers of several processes set one thread, which would leave the card idle between batches."""
    machine(16, 1)
    assert CoreShare.among(100, beside_gpu=True) == CoreShare(num_lanes=4, threads=1)
    assert CoreShare.among(2, beside_gpu=True) == CoreShare(num_lanes=2, threads=1)
    machine(16, 16)
    assert CoreShare.among(100, beside_gpu=True) == CoreShare.among(100)
    machine(2, 1)
    assert CoreShare.among(100, beside_gpu=True).num_lanes == 2
