"""Networks that come often are launched as recorded graphs, which make what the networks make."""

import threading
from types import SimpleNamespace

import pytest
import torch

from avmeter.runtime import Runtime, launch_graphs
from avmeter.runtime.launch_graphs import LaunchGraphs
from support import require

OFTEN = launch_graphs._WORTH_IT


def twice(batch):
    return {"y": batch["x"] * 2}


def batch_of(value, size=3):
    return {"x": torch.full((size, 4), float(value))}


class Recorded:
    """In place of a graph: computes anew, and counts."""

    num_recorded = 0
    num_replayed = 0
    error = None
    offset = 0.0

    def __init__(self, launch, batch, pool):
        type(self).num_recorded += 1
        if self.error is not None:
            raise self.error
        self.launch = launch

    def replay(self, batch):
        type(self).num_replayed += 1
        return {name: x + self.offset for name, x in self.launch(batch).items()}


@pytest.fixture
def recorded(monkeypatch):
    made = type("Made", (Recorded,), {})
    monkeypatch.setattr(launch_graphs, "_Graph", made)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    return made


def run(graphs, count, *, name="net", size=3):
    for i in range(count):
        assert torch.equal(graphs.run(name, twice, batch_of(i, size))["y"], batch_of(2 * i, size)["x"])


def test_network_is_recorded_once_it_has_come_often(recorded):
    """Recording costs as much as some batches; before, nothing changes."""
    graphs = LaunchGraphs()
    run(graphs, OFTEN - 1)
    assert recorded.num_recorded == 0
    run(graphs, 1)
    assert (recorded.num_recorded, recorded.num_replayed) == (1, 1)  # replayed to be compared
    run(graphs, 5)
    assert (recorded.num_recorded, recorded.num_replayed) == (1, 6)


def test_graph_with_other_outputs_is_not_used(recorded):
    """Whatever the reason: the network's own outputs are the scores."""
    recorded.offset = 1e-6
    graphs = LaunchGraphs()
    run(graphs, OFTEN + 5)
    assert (recorded.num_recorded, recorded.num_replayed) == (1, 1)


def test_network_whose_outputs_differ_from_launch_to_launch_is_not_recorded(recorded):
    """Nothing could be said of its graph."""
    graphs, calls = LaunchGraphs(), []

    def unsteady(batch):
        calls.append(1)
        return {"y": batch["x"] + len(calls)}

    for _ in range(OFTEN + 2):
        graphs.run("net", unsteady, batch_of(1))
    assert recorded.num_recorded == 0
    assert len(calls) == OFTEN + 3


def test_network_that_cannot_be_recorded_runs_as_before(recorded):
    """And is not tried again."""
    recorded.error = RuntimeError("operation not permitted when stream is capturing")
    run(LaunchGraphs(), 3 * OFTEN)
    assert recorded.num_recorded == 1


def test_other_shapes_have_graphs_of_their_own_but_not_without_end(recorded):
    """Each keeps its inputs in memory, and clips have many lengths."""
    graphs = LaunchGraphs()
    for size in range(1, 9):
        run(graphs, OFTEN, size=size)
    assert recorded.num_recorded == launch_graphs._MOST_OF_ONE
    run(graphs, OFTEN, name="another")
    assert recorded.num_recorded == launch_graphs._MOST_OF_ONE + 1


@pytest.mark.parametrize(
    ("device", "precision", "value"), [("cpu", "fp16", "1"), ("cuda", "float32", "1"), ("cuda", "fp16", "")]
)
def test_graphs_are_for_gpus_beyond_strict_float32_and_asked_for(monkeypatch, device, precision, value):
    """Elsewhere networks are launched as ever."""
    weights = SimpleNamespace(is_dummy=True)
    monkeypatch.setenv("AVMETER_CUDA_GRAPHS", value)
    assert Runtime(device=torch.device(device), precision=precision, weights=weights).graphs is None
    monkeypatch.setenv("AVMETER_CUDA_GRAPHS", "1")
    assert Runtime(device=torch.device("cuda"), precision="fp16", weights=weights).graphs is not None


def test_networks_that_were_dropped_take_their_graphs_along(recorded):
    """A graph reads the weights where they were."""
    graphs = LaunchGraphs()
    run(graphs, OFTEN)
    graphs.clear()
    run(graphs, OFTEN - 1)
    assert recorded.num_recorded == 1


@pytest.fixture
def cuda():
    if not torch.cuda.is_available():
        require.absent("gpu", "no GPU that torch can use")
    return torch.device("cuda")


def networks(device):
    torch.manual_seed(0)
    layers = [torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 64)) for _ in "ab"]
    return {name: layer.to(device).eval() for name, layer in zip("ab", layers, strict=True)}


def test_graphs_on_a_gpu_share_memory_and_repeat_the_networks_to_the_bit(cuda):
    """In turn, while another thread allocates, computes and waits; outputs stay as they are when others run."""
    nets, graphs = networks(cuda), LaunchGraphs()
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            with torch.cuda.stream(torch.cuda.Stream()):
                torch.ones(1 << 20, device=cuda).sum().item()
            torch.cuda.empty_cache()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        with torch.inference_mode():
            inputs = [torch.randn(32, 64, device=cuda) for _ in range(3 * OFTEN)]
            found, expected = [], []
            for x in inputs:
                for name, net in nets.items():
                    found.append(graphs.run(name, lambda b, n=net: {"y": n(b["x"])}, {"x": x})["y"])
                    expected.append(net(x))
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    finally:
        stop.set()
        thread.join()
    assert all(graph is not None for graph in graphs._graphs.values())
    assert len(graphs._graphs) == 2


def test_network_that_waits_for_the_gpu_is_refused_and_leaves_nothing_behind(cuda):
    """Neither other graphs nor random numbers of the program suffer from a recording that failed."""
    nets, graphs = networks(cuda), LaunchGraphs()

    def waits(batch):
        return {"y": batch["x"] * float(batch["x"].sum().item())}

    with torch.inference_mode():
        x = torch.randn(32, 64, device=cuda)
        for _ in range(OFTEN + 2):
            assert torch.equal(graphs.run("waits", waits, {"x": x})["y"], waits({"x": x})["y"])
        assert list(graphs._graphs.values()) == [None]
        for _ in range(OFTEN + 2):
            found = graphs.run("a", lambda b: {"y": nets["a"](b["x"])}, {"x": x})["y"]
            assert torch.equal(found, nets["a"](x))
        assert [graph is None for graph in graphs._graphs.values()] == [True, False]
        assert torch.rand(3, device=cuda).isfinite().all()
        torch.cuda.manual_seed(1)
        assert torch.rand(3, device=cuda).isfinite().all()
