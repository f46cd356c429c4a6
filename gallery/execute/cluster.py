"""Have the work done by Ray actors, on this machine or on a cluster.

Every actor makes itself ready once (loads the classifier), then gets one chunk after the other. Ray starts
the processes, places them, moves chunks and news, and notices deaths. An actor that dies is replaced and what
it had not finished is given out again, item by item, so that an item which kills its worker takes no other
with it; after ``MAX_LOSSES`` dead workers it is given up.
"""

import logging
import os
import queue
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self

import ray
from ray import exceptions

from gallery.errors import ConfigError, ExecutionError
from gallery.interfaces import EventT, ItemT, Listener, Prepare, Work

CPUS_PER_WORKER = 4
"""Cores of one worker where there are no GPUs and nobody says how many workers there shall be."""
MAX_LOSSES = 3
"""Workers an item may cost before it is given up."""
PATIENCE = 5
"""Workers lost in a row, besides one for each worker, after which the cluster is taken to be broken."""
WAIT_S = 60.0
"""Time without news after which it is said that no worker has started."""
log = logging.getLogger(__name__)


@dataclass
class _Chunk(Generic[ItemT]):
    items: Sequence[ItemT]
    losses: int = 0


class Host:
    """What lives in an actor: makes itself ready once, then works on chunks, telling all the while."""

    def __init__(self, prepare: Prepare[Any, Any]) -> None:
        self._prepare = prepare
        # Work runs beside the telling, always in the same thread: libraries keep state by thread.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._work: Work[Any, Any] | None = None

    def prepare(self) -> Iterator[Any]:
        """Make ready; yields what is told meanwhile."""

        def make(tell: Any) -> None:  # noqa: ANN401
            self._work = self._prepare(tell)

        yield from self._told(make)

    def work(self, items: Sequence[Any]) -> Iterator[Any]:
        """Work on a chunk; yields what is told meanwhile."""
        work = self._work
        if work is None:
            raise RuntimeError("asked to work before it was made ready")
        yield from self._told(lambda tell: work(items, tell))

    def _told(self, task: Any) -> Iterator[Any]:  # noqa: ANN401
        news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        done = object()
        future = self._thread.submit(task, news.put)
        future.add_done_callback(lambda _: news.put(done))
        while (event := news.get()) is not done:
            yield event
        future.result()


class Cluster:
    """The executor that has work done by Ray actors; a context manager, which ends them.

    Attributes:
        workers: Name -> handle of the actors that live now.
    """

    def __init__(self, address: str = "", *, n_workers: int = 0, device: str = "auto") -> None:
        """Prepare; nothing is started yet.

        Args:
            address: Of a running cluster, as ``ray.init`` takes it; "" starts one on this machine.
            n_workers: How many; 0: one per GPU or, without, one per ``CPUS_PER_WORKER`` cores.
            device: "auto" (GPUs where there are any), "cpu" or "cuda".

        Raises:
            ConfigError: If a single GPU is asked for.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f'--device {device}: Ray gives out the GPUs; use "auto", "cpu" or "cuda".')
        self.is_local = False
        self.workers: dict[str, Any] = {}
        self._address = address
        self._wanted = n_workers
        self._device = device
        self._share: dict[str, float] = {}

    @property
    def device(self) -> str:
        """Device of the workers."""
        return "cuda" if self._share.get("num_gpus") else "cpu"

    def __enter__(self) -> Self:
        """Connect, and decide how many workers there are and what each gets.

        Raises:
            ExecutionError: If there is no cluster at the address, or not what is needed.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
        try:
            if self._address:
                ray.init(address=self._address, **quiet)
            else:
                ray.init(address="local", include_dashboard=False, **quiet)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            where = f"at {self._address}" if self._address else "on this machine"
            raise ExecutionError(f"Ray: no cluster {where}: {error}") from error
        # Ray prints about dead workers to stdout, which is for answers; listeners are told of them instead.
        sys.modules["ray._private.worker"].__dict__["_worker_logs_enabled"] = False
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self._decide(int(resources.get("GPU", 0)), float(resources.get("CPU", 1)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers and disconnect."""
        self._end_workers()
        ray.shutdown()

    def _decide(self, n_gpus: int, n_cpus: float) -> None:
        """Decide how many workers there are and what each gets: a GPU, or an equal part of the cores."""
        if self._device == "cuda" and not n_gpus:
            raise ExecutionError('--device cuda: the cluster has no GPUs. Use "auto" or "cpu".')
        if n_gpus and self._device != "cpu":
            self._wanted = self._wanted or n_gpus
            if self._wanted > n_gpus:
                raise ExecutionError(
                    f"--workers {self._wanted}: the cluster has {n_gpus} GPUs, one a worker."
                )
            self._share = {"num_gpus": 1, "num_cpus": min(1.0, n_cpus / self._wanted)}
        else:
            self._wanted = self._wanted or max(1, int(n_cpus) // CPUS_PER_WORKER)
            part = n_cpus / self._wanted
            # Ray takes whole cores from one on, and fractions of a core below; both never rounded up.
            self._share = {"num_cpus": float(int(part)) if part >= 1 else int(part * 1e4) / 1e4}

    def run(
        self,
        prepare: Prepare[EventT, ItemT],
        chunks: Iterable[Sequence[ItemT]],
        listener: Listener[ItemT, EventT],
    ) -> None:
        """Do every chunk; see ``Executor``."""
        try:
            _Run(self, prepare, chunks, listener).finish()
        finally:
            self._end_workers()

    @property
    def names(self) -> list[str]:
        """Names of the workers; one that replaces another has its name."""
        return [f"worker {number}" for number in range(1, self._wanted + 1)]

    def start(self, name: str, prepare: Any) -> None:  # noqa: ANN401
        """Start a worker, in the place of a dead one of the same name; it imports what ``prepare`` needs."""
        if name in self.workers:
            ray.kill(self.workers[name])
        self.workers[name] = ray.remote(Host).options(**self._share, max_restarts=0).remote(prepare)

    def _end_workers(self) -> None:
        for handle in self.workers.values():
            ray.kill(handle)
        self.workers.clear()


class _Run(Generic[EventT, ItemT]):
    """One call of ``Cluster.run``: who does what at the moment."""

    def __init__(
        self,
        cluster: Cluster,
        prepare: Prepare[EventT, ItemT],
        chunks: Iterable[Sequence[ItemT]],
        listener: Listener[ItemT, EventT],
    ) -> None:
        self.cluster = cluster
        self.prepare = ray.put(prepare)
        self.chunks = iter(chunks)
        self.listener = listener
        self.again: deque[_Chunk[ItemT]] = deque()
        self.ahead: _Chunk[ItemT] | None = None
        self.idle: deque[str] = deque()
        self.streams: dict[Any, tuple[str, _Chunk[ItemT] | None]] = {}
        self.losses = 0
        self.is_ready = False

    def finish(self) -> None:
        """Work until nothing is left to do.

        The first worker gets ready alone, because what it measures and stores is then there for the others.
        """
        first, *others = self.cluster.names
        for name in (first, *others):
            self.cluster.start(name, self.prepare)
        self._make_ready(first)
        while not self.is_ready:
            self._listen()
        for name in others:
            self._make_ready(name)
        while self._has_more() or any(chunk for _, chunk in self.streams.values()):
            self._hand_out()
            self._listen()

    def _has_more(self) -> bool:
        """Return whether chunks wait for a worker; reads one ahead."""
        self.ahead = self.ahead or self._read()
        return bool(self.again or self.ahead)

    def _make_ready(self, name: str) -> None:
        self.streams[self.cluster.workers[name].prepare.remote()] = (name, None)

    def _hand_out(self) -> None:
        """Give every idle worker a chunk, and read the next one meanwhile."""
        while self.idle and self._has_more():
            name, chunk = self.idle.popleft(), self._next()
            self.streams[self.cluster.workers[name].work.remote(chunk.items)] = (name, chunk)

    def _next(self) -> _Chunk[ItemT]:
        if self.again or self.ahead is None:
            return self.again.popleft()
        chunk, self.ahead = self.ahead, None
        return chunk

    def _read(self) -> _Chunk[ItemT] | None:
        items = next(self.chunks, None)
        return None if items is None else _Chunk(items)

    def _listen(self) -> None:
        """Wait for news and pass it on, or notice that a worker is idle or dead."""
        streams: list[Any] = list(self.streams)
        ready, _ = ray.wait(streams, num_returns=1, timeout=WAIT_S, fetch_local=False)
        if not ready and not any(chunk for _, chunk in self.streams.values()):
            log.warning("Ray: no worker has started for %g s; is the cluster full?", WAIT_S)
        stream: Any
        for stream in ready:
            name, chunk = self.streams[stream]
            try:
                event: Any = ray.get(next(stream))
                self.listener.told(name, event)
            except StopIteration:
                del self.streams[stream]
                self.idle.append(name)
                self.is_ready = True
                self.losses = 0
            except exceptions.RayTaskError as error:
                cause = error.cause
                raise cause if isinstance(cause, Exception) else ExecutionError(str(error)) from None
            except (exceptions.RayActorError, exceptions.ObjectLostError) as error:
                del self.streams[stream]
                self._replace(name, chunk, error)

    def _replace(self, name: str, chunk: _Chunk[ItemT] | None, error: Exception) -> None:
        """Put a new worker in the place of a dead one, and its items back to be done."""
        self.losses += 1
        reason = str(error).strip().splitlines()[0]
        if self.losses > PATIENCE + len(self.cluster.names):
            raise ExecutionError(
                f"Ray: {self.losses} workers died one after the other; the last: {reason} "
                "Look at the nodes' memory and logs."
            )
        self.listener.lost(name, reason)
        if chunk is not None:
            self._put_back(chunk, reason)
        self.cluster.start(name, self.prepare)
        self._make_ready(name)

    def _put_back(self, chunk: _Chunk[ItemT], reason: str) -> None:
        losses = chunk.losses + 1
        if len(chunk.items) == 1 and losses >= MAX_LOSSES:
            self.losses = 0
            self.listener.given_up(chunk.items[0], f"{losses} workers died over it; the last: {reason}")
            return
        self.again.extend(_Chunk([item], losses if len(chunk.items) == 1 else 1) for item in chunk.items)
