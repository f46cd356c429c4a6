"""A few images of a set built for the measurement alone, in a folder of their own: what everything takes."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from gallery.curation.plan import Planned, numbered, plan
from gallery.errors import GalleryError
from gallery.operations.upkeep import by_kind, of_folder
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.generative.explain import STAGE as GENERATIVE
from gallery.pipeline.progress import Reporter
from gallery.pipeline.shard import Shard
from gallery.pipeline.site import publish_site, render
from gallery.pipeline.workspace import Workspace

EXPLAIN = "explain · "
"""How the stages begin that explain under one classifier; its title follows."""


@dataclass(frozen=True)
class Picked(Shard):
    """A part of a set chosen by position.

    Attributes:
        positions: Counted from 0.
    """

    positions: frozenset[int] = frozenset()

    def takes(self, position: int) -> bool:
        """Return whether an image belongs to this part."""
        return position in self.positions


@dataclass
class Task:
    """What one task took, such as a heatmap method, "search" or "<measure> of <method>".

    Attributes:
        forwards: Image -> images passed forward.
        seconds: Of all these images together.
    """

    forwards: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def forwards_each(self) -> float:
        """Mean over the images."""
        return sum(self.forwards.values()) / len(self.forwards)

    @property
    def seconds_each(self) -> float:
        """Mean over the images."""
        return self.seconds / len(self.forwards)


@dataclass(frozen=True)
class Cost:
    """What a method takes per image.

    Attributes:
        forwards: Images passed forward.
        seconds: Wall time.
    """

    forwards: float
    seconds: float

    @property
    def rate(self) -> float:
        """Forwards per second."""
        return self.forwards / self.seconds if self.seconds else 0.0


def per_image(tasks: Mapping[str, Task]) -> dict[str, Cost]:
    """Return what every task takes per image; a measure's heatmaps are taken together."""
    costs: dict[str, Cost] = {}
    for name, task in tasks.items():
        measure, of, _ = name.partition(" of ")
        shown = f"{measure} of all heatmaps" if of else name
        known = costs.get(shown, Cost(0, 0))
        costs[shown] = Cost(known.forwards + task.forwards_each, known.seconds + task.seconds_each)
    return costs


@dataclass
class Calibration:
    """What some images took.

    Attributes:
        images: Their ids.
        tasks: Title of the classifier -> task -> what it took.
        start_s: Before the first image: reading weights, choosing precision and batch size.
        generative_s: Of the autoencoders, which do not depend on the images.
        pages: Kind of page ("i" = image pages, "" = all others) -> seconds per page drawn.
        n_pages: Kind of page -> how many there were.
        publish_s: Turning all those pages into the site.
        each_bytes: Folder -> bytes per image.
        fixed_bytes: Folder -> bytes that do not grow with the set.
    """

    images: list[str] = field(default_factory=list)
    tasks: dict[str, dict[str, Task]] = field(default_factory=dict)
    start_s: float = 0.0
    generative_s: float = 0.0
    pages: dict[str, float] = field(default_factory=dict)
    n_pages: dict[str, int] = field(default_factory=dict)
    publish_s: float = 0.0
    each_bytes: dict[str, float] = field(default_factory=dict)
    fixed_bytes: dict[str, float] = field(default_factory=dict)


def positions_of(job: Job) -> list[int]:
    """Return the positions of the images of a set that can be planned."""
    planned = plan(numbered(job.settings.images), job.folder)
    return [i for i, image in enumerate(planned) if isinstance(image, Planned) and job.shard.takes(i)]


def spread(positions: list[int], n: int) -> frozenset[int]:
    """Return ``n`` of the positions, evenly spread, away from the ends."""
    n = min(n, len(positions))
    return frozenset(positions[(2 * i + 1) * len(positions) // (2 * n)] for i in range(n))


def calibrate(job: Job, n_images: int, calibration: Calibration, reporter: Reporter) -> None:
    """Build some images of a set in a temporary folder and note what it took.

    Args:
        job: The set; nothing is read from or written to its workspace.
        n_images: How many, evenly spread over the set.
        calibration: Filled as things finish, so that an interrupt leaves what was measured.
        reporter: Told about progress.

    Raises:
        GalleryError: If none of the images can be explained.

    Cost:
        What a build of so many images costs.
    """
    positions = spread(positions_of(job), n_images)
    with tempfile.TemporaryDirectory(prefix="gallery-", ignore_cleanup_errors=True) as folder:
        # Concepts are not made per image, and would be learnt anew from the few images tried.
        settings = job.settings.model_copy(update={"concepts": None})
        workspace = Workspace(Path(folder))
        part = replace(job, settings=settings, workspace=workspace, shard=Picked(1, 1, positions))
        watch = Watch(calibration, reporter)
        index = explain_set(part, watch)
        if not index.entries:
            reasons = "; ".join(f"{one.image_id}: {one.reason}" for one in index.failures[:3])
            raise GalleryError(f"None of the images tried could be explained ({reasons}).")
        calibration.images = list(dict.fromkeys(entry.image for entry in index.entries))
        render(part.settings, part.workspace, watch)
        with _timed() as took:
            publish_site(part.settings, part.workspace, watch)
        calibration.publish_s = took[0]
        _weigh(part.workspace, calibration)


def _weigh(workspace: Workspace, calibration: Calibration) -> None:
    """Note the bytes of every folder, per image and besides."""
    n = len(calibration.images)
    store = sum(share.n_bytes for share in by_kind(workspace.store).values())
    calibration.each_bytes["store"] = store / n
    for name, folder in (("pages", workspace.pages), ("site", workspace.site)):
        of_images = of_folder(folder / "i").n_bytes
        calibration.each_bytes[name] = of_images / n
        calibration.fixed_bytes[name] = float(of_folder(folder).n_bytes - of_images)
    calibration.each_bytes["figures"] = of_folder(workspace.figures).n_bytes / n


@contextmanager
def _timed() -> Iterator[list[float]]:
    took = [0.0]
    start = time.perf_counter()
    yield took
    took[0] = time.perf_counter() - start


class Watch:
    """A ``Reporter`` that notes what every unit took and passes everything on.

    Time between two finished units is counted for the later one. Images advance in lock-step, so only sums
    over images mean something.
    """

    def __init__(self, calibration: Calibration, reporter: Reporter) -> None:
        self._calibration = calibration
        self._reporter = reporter
        self._stage = ""
        self._last = time.perf_counter()
        self._has_started = False

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""

    def begin(self, stage: str, total: int | None) -> None:
        """Start a stage."""
        self._stage, self._has_started = stage, False
        self._reporter.begin(stage, total)

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Note one finished unit."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        if self._stage.startswith(EXPLAIN):
            tasks = self._calibration.tasks.setdefault(self._stage.removeprefix(EXPLAIN), {})
            one = tasks.setdefault(task, Task())
            one.forwards[image] = forwards
            one.seconds += seconds
        elif self._stage == GENERATIVE:
            self._calibration.generative_s += seconds
        elif self._stage == "render":
            kind = "i" if image.startswith("i/") else ""
            n = self._calibration.n_pages.get(kind, 0)
            mean = self._calibration.pages.get(kind, 0.0)
            self._calibration.pages[kind] = (mean * n + seconds) / (n + 1)
            self._calibration.n_pages[kind] = n + 1
        self._reporter.advance(image, task, forwards=forwards, stored=stored, worker=worker)

    def fail(self, image: str, reason: str) -> None:
        """Pass it on."""
        self._reporter.fail(image, reason)

    def note(self, text: str) -> None:
        """Pass it on; the note on precision is the end of the start."""
        if not self._has_started and self._stage.startswith(EXPLAIN):
            now = time.perf_counter()
            self._calibration.start_s += now - self._last
            self._last, self._has_started = now, True
        self._reporter.note(text)

    def end(self) -> None:
        """End the stage."""
        self._reporter.end()
