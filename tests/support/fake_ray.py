"""What avmeter uses of a Ray cluster, in this process: answers of actors are given by the test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from avmeter.engine.executors.messages import WantsChunk, WorkerStarted
from avmeter.engine.executors.ray_cluster import Node
from avmeter.engine.versions import installed_versions


class RayError(Exception):
    """Base of Ray's errors."""


class RayTaskError(RayError):
    """A method of an actor raised its cause."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ActorDiedError(RayError):
    """The process of an actor has ended."""


class ActorUnavailableError(RayError):
    """An actor cannot be reached."""


class Reference:
    """An answer that has come once it is given."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.has_come = False

    def give(self, answer: Any) -> None:
        self.answer, self.has_come = answer, True


class Actor:
    """Notes what it is asked."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.is_killed = False
        self.calls: defaultdict[str, list[tuple[tuple[Any, ...], Reference]]] = defaultdict(list)

    def __getattr__(self, method: str) -> SimpleNamespace:
        def remote(*arguments: Any) -> Reference:
            self.calls[method].append((arguments, Reference()))
            return self.calls[method][-1][1]

        return SimpleNamespace(remote=remote)

    def answer(self, method: str, answer: Any) -> None:
        """Answer the last call of a method; an exception is raised where the answer is read."""
        self.calls[method][-1][1].give(answer)

    def start(self) -> None:
        """Say that it fits."""
        self.answer("describe", {"versions": installed_versions(), "has_device": True, "unseen": []})

    def ask_for_work(self) -> None:
        """Say that it has started, and wants a piece."""
        self.answer("news", [WorkerStarted(device="cpu"), WantsChunk()])

    def given(self) -> list[int]:
        """Numbers of the pieces that it was given."""
        return [arguments[1] for arguments, _ in self.calls["give"]]


class Cluster:
    """Nodes of one worker each, by their names."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.actors: list[Actor] = []
        self.ray = SimpleNamespace(
            put=Reference,
            get=self._get,
            kill=self._kill,
            exceptions=SimpleNamespace(
                RayError=RayError, RayTaskError=RayTaskError, ActorUnavailableError=ActorUnavailableError
            ),
        )

    def nodes(self) -> list[Node]:
        return [Node(id=name, address=name, num_cpus=1, num_gpus=0) for name in self.names]

    def start_actor(self, node: Node, *, on_gpu: bool) -> Actor:
        self.actors.append(Actor(node))
        return self.actors[-1]

    def wait(self, references: Sequence[Reference], timeout_s: float) -> list[Reference]:
        return [reference for reference in references if reference.has_come][:1]

    @staticmethod
    def _get(reference: Reference) -> Any:
        if isinstance(reference.answer, BaseException):
            raise reference.answer
        return reference.answer

    @staticmethod
    def _kill(actor: Actor) -> None:
        actor.is_killed = True
