"""All images of a set under one classifier: handed out to whoever explains them, and what becomes of them."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gallery.curation.curate import iter_images
from gallery.errors import ExecutionError
from gallery.execute.local import chunks
from gallery.installed import explaining_versions
from gallery.interfaces import Classifier, Executor, Prepare, Tell
from gallery.pipeline.explain import Explainer
from gallery.pipeline.index import ENTRY, EntryRef, ResultKeys
from gallery.pipeline.progress import Reporter
from gallery.pipeline.worker import Advanced, Assignment, Failed, Finished, News, Noted, Ready, Worker
from gallery.records import Failure, ImageRecord

if TYPE_CHECKING:
    from gallery.pipeline.build import Job

CPU_CHUNK, CUDA_CHUNK = 2, 32
"""Images searched in lock-step: enough to fill batches, few enough that a killed build loses little."""
STORE_WAIT_S = 20.0
"""How long a shared folder may take to show what another machine wrote to it."""


class ClassifierRun:
    """All images of a set under one classifier: hands them out and hears what becomes of them."""

    def __init__(
        self,
        classifier: Classifier,
        job: "Job",
        reporter: Reporter,
        executor: Executor,
        failures: list[Failure],
    ) -> None:
        self.classifier = classifier
        self.job = job
        self.reporter = reporter
        self.executor = executor
        self.finished: dict[str, EntryRef] = {}
        self.failures = failures
        self.devices: dict[str, None] = {}
        self._notes: set[str] = set()
        self._counted: dict[str, set[str]] = {}

    def explain(self, spec: str, n_images: int, *, with_measures: bool) -> None:
        """Have every image explained by workers that load the classifier ``spec``."""
        settings, title = self.job.settings, self.classifier.card.title
        store, device = self.job.workspace.store, self.executor.device
        explainer = Explainer(self.classifier, settings, store, self.reporter)
        for name, reason in explainer.left_out.items():
            self.reporter.note(f"{title}: {name} left out: {reason}")
        per_image = explainer.units_per_image if with_measures else explainer.units_without_measures
        self.reporter.begin(f"explain · {title}", n_images * per_image)

        def here(tell: Tell[News]) -> Worker:
            return Worker(self.classifier, settings, store, tell, with_measures=with_measures)

        there = Assignment(spec, settings, self.job.folder, store, device, with_measures).prepare
        place = self.classifier.device if self.executor.is_local else device
        parts = chunks(self._images(), CUDA_CHUNK if place.startswith("cuda") else CPU_CHUNK)
        prepare: Prepare[News, ImageRecord] = here if self.executor.is_local else there
        self.executor.run(prepare, parts, self)

    def _images(self) -> Iterator[ImageRecord]:
        """Yield the photographs that can be read; report the others once."""
        for image in iter_images(self.job.settings, self.job.folder, self.job.shard.takes):
            if isinstance(image, ImageRecord):
                yield image
            elif image.skipped:
                self._note(f"left out: {image.problem}")
            else:
                self._fail(Failure(image.id, "curation", str(image.problem)))

    def told(self, worker: str, event: News) -> None:
        """Take notice of what a worker told."""
        if isinstance(event, Advanced):
            self._advance(worker, event)
        elif isinstance(event, Finished):
            if not self.executor.is_local and not self.finished:
                self._check_store(worker, event.entry)
            self.finished[event.entry.image] = event.entry
            self._counted.pop(event.entry.image, None)
        elif isinstance(event, Failed):
            self._fail(event.failure)
        elif isinstance(event, Noted):
            self._note(event.text)
        else:
            self._welcome(worker, event)

    def lost(self, worker: str, reason: str) -> None:
        """Take notice that a worker died."""
        self.reporter.note(f"{worker} is lost ({reason}); its unfinished images are given to others")

    def given_up(self, item: ImageRecord, reason: str) -> None:
        """Take notice that an image costs every worker its life."""
        self._fail(Failure(item.id, "explain", reason))

    def _advance(self, worker: str, event: Advanced) -> None:
        """Count a unit, but not again where another worker does an image once more."""
        counted = self._counted.setdefault(event.image, set())
        if event.task not in counted and event.image not in self.finished:
            counted.add(event.task)
            self.reporter.advance(
                event.image, event.task, forwards=event.forwards, stored=event.stored, worker=worker
            )

    def _welcome(self, worker: str, ready: Ready) -> None:
        ours = explaining_versions()
        if other := sorted(
            name for name in {*ours, *ready.versions} if ready.versions.get(name) != ours.get(name)
        ):
            theirs = ", ".join(f"{name} {ready.versions.get(name, 'missing')}" for name in other)
            wanted = ", ".join(f"{name} {ours.get(name, 'missing')}" for name in other)
            raise ExecutionError(
                f"{worker} has {theirs}, this process {wanted}: results would not fit together. "
                "Install the same versions on every node."
            )
        self.devices[ready.device] = None

    def _check_store(self, worker: str, entry: EntryRef) -> None:
        """Check that what a worker stored is here: its folder of the same name may be another disk's.

        Raises:
            ExecutionError: If it is not.
        """
        store = self.job.workspace.store
        end = time.monotonic() + STORE_WAIT_S
        while entry.key and store.get_by_key(ENTRY, entry.key, ResultKeys) is None:
            if time.monotonic() > end:
                raise ExecutionError(
                    f"{worker} stored its results, but they are not in {store.where(store.root)} here. "
                    "Choose an --out that all nodes share, or a store that all reach: --store s3://bucket/folder."
                )
            time.sleep(1)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            self.reporter.note(text)

    def _fail(self, failure: Failure) -> None:
        self._counted.pop(failure.image_id, None)
        if failure not in self.failures:  # a photograph that cannot be read fails under every classifier
            self.failures.append(failure)
            self.reporter.fail(failure.image_id, failure.reason)
