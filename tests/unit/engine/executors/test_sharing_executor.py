"""Workers score a set where they are asked to, or where it is large and seems to be stored; else none is started."""

import pytest

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors import sharing_executor
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.sharing_executor import SharingExecutor, default_scoring_workers
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.simple_form import adapt
from avmeter.sample import as_samples
from support.engine import clip_file

METRICS = resolve_metrics(["audio.loudness"])


class Length:
    """A metric of a script."""

    requires_reference = False

    def compute(self, sample):
        return 1.0


@pytest.fixture
def samples(tmp_path):
    return as_samples([clip_file(tmp_path, 0.1 * i) for i in range(1, 13)])


@pytest.fixture(autouse=True)
def cores(monkeypatch):
    """A machine of 16 cores."""
    monkeypatch.setattr(sharing_executor, "num_cores", lambda: 16)


def executor(store, processes=None, **options):
    config = EvaluatorConfig(
        device="cpu", loader_threads=1, loader_processes=0, store=store, scoring_processes=processes
    )
    return SharingExecutor(config, LocalExecutor(config.build_computer()), **options)


def is_shared(made, samples, metrics=METRICS):
    return made._choose(samples, metrics) is made.scoring


def fill(store, samples):
    LocalExecutor(EvaluatorConfig(device="cpu", loader_processes=0, store=store).build_computer()).run(samples, METRICS)


def test_large_set_that_seems_to_be_stored_is_shared(samples, tmp_path):
    """Samples from all over it say so; a few that lack a feature change nothing, half of them do."""
    store = tmp_path / "store"
    fill(store, samples[:6])
    made = executor(store, many_samples=12)
    assert not is_shared(made, samples)
    fill(store, samples)
    assert is_shared(made, samples)
    assert made.scoring.fingerprints
    assert made._choose(samples, METRICS, of_part=True) is made._local, "other ranks may run beside it"
    assert not is_shared(made, samples[:11]), "a small set is scored sooner than workers start"
    unreadable = as_samples([{"audio": __file__}, {"audio": sharing_executor.__file__}])
    assert is_shared(made, samples + unreadable[:1])
    assert not is_shared(made, samples + unreadable)


def test_number_that_was_asked_for_needs_no_large_set(samples, tmp_path):
    """Not even a stored one; a single clip starts nothing."""
    made = executor(tmp_path / "store", 3)
    assert len(made.scoring.workers) == 3
    assert is_shared(made, samples[:2])
    assert not is_shared(made, samples[:1])
    assert made._choose(samples, METRICS, of_part=True) is made.scoring


def test_run_without_a_store_starts_nothing(samples):
    """There is nothing to look into."""
    made = executor(None)
    assert made.scoring is None
    assert made._choose(samples, METRICS) is made._local


def test_metrics_of_a_script_are_scored_here(samples, tmp_path):
    """No other process could import them; beside others they keep a run here unless it was asked to share."""
    store = tmp_path / "store"
    fill(store, samples)
    script = {"user.length": adapt("user.length", Length())}
    assert not is_shared(executor(store, many_samples=2), samples, {**METRICS, **script})
    assert is_shared(executor(store, 2), samples, {**METRICS, **script})
    assert not is_shared(executor(store, 2), samples, script)


def test_machine_decides_how_many(monkeypatch):
    """None where few cores would share, and no more than help."""
    found = []
    for cores in (1, 3, 4, 6, 64):
        monkeypatch.setattr(sharing_executor, "num_cores", lambda cores=cores: cores)
        found.append(default_scoring_workers())
    assert found == [0, 0, 4, 6, 8]


def test_run_that_stays_here_starts_no_worker_and_is_counted(samples, tmp_path):
    """As if there were none."""
    made = executor(tmp_path / "store")
    made.run(samples, METRICS)
    assert made.counts.computed == {"loudness": 12}
    assert [worker.pid for worker in made.scoring.workers] == [None] * 8
    assert made.devices == made._local.devices
    made.unload()
