"""One classifier explaining chunks of images, wherever it runs, and what it tells about that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from gallery.classifier.load import load_classifier
from gallery.config import SetSettings
from gallery.errors import GalleryError
from gallery.execute.local import run_isolated
from gallery.installed import explaining_versions
from gallery.interfaces import Classifier, Tell
from gallery.pipeline.case import Case
from gallery.pipeline.explain import Explainer, device_name
from gallery.pipeline.index import EntryRef, settings_digest, store_entry
from gallery.records import Failure, ImageRecord
from gallery.store.store import Store


@dataclass(frozen=True)
class Ready:
    """A worker has loaded the classifier.

    Attributes:
        device: Name of its device, and the precision of screening.
        versions: Package -> version, of everything that takes part.
    """

    device: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Advanced:
    """One unit of work is finished; see ``Reporter.advance``."""

    image: str
    task: str
    forwards: int = 0
    stored: bool = False


@dataclass(frozen=True)
class Noted:
    """Something worth one line."""

    text: str


@dataclass(frozen=True)
class Failed:
    """An image cannot be finished."""

    failure: Failure


@dataclass(frozen=True)
class Finished:
    """An image is finished, and all its results are stored."""

    entry: EntryRef


News = Ready | Advanced | Noted | Failed | Finished


@dataclass(frozen=True)
class Assignment:
    """What a worker in another process needs to know; pickled on its way there.

    Attributes:
        spec: The classifier, "<source>:<model>".
        settings: The set.
        folder: The manifest's folder, which paths of weights start from.
        store: Where results go.
        device: Of the worker, as ``load_classifier`` takes it.
        with_measures: False leaves the measurements out.
    """

    spec: str
    settings: SetSettings
    folder: Path
    store: Store
    device: str
    with_measures: bool

    def prepare(self, tell: Tell[News]) -> "Worker":
        """Load the classifier and return a worker.

        Raises:
            ClassifierError: If it cannot be loaded.
        """
        classifier = load_classifier(
            self.spec,
            device=self.device,
            folder=self.folder,
            stretch=self.settings.perturbation.resize == "stretch",
        )
        return Worker(classifier, self.settings, self.store, tell, with_measures=self.with_measures)


class Worker:
    """Explains chunks of images under one classifier; a ``Work``."""

    def __init__(
        self,
        classifier: Classifier,
        settings: SetSettings,
        store: Store,
        tell: Tell[News],
        *,
        with_measures: bool,
    ) -> None:
        """Prepare, and tell on what device; measures the classifier's speed if the store has no tuning."""
        self.classifier = classifier
        self.settings = settings
        self.store = store
        self.with_measures = with_measures
        self._made_by = settings_digest(settings)
        self._teller = _Teller(tell)
        self.explainer = Explainer(classifier, settings, store, self._teller)
        precision = self.explainer.tuning.precision
        tell(Ready(f"{device_name(classifier)} (screening in {precision})", explaining_versions()))

    def __call__(self, images: Sequence[ImageRecord], tell: Tell[News]) -> None:
        """Explain one chunk; an image that fails is told and left out, the others are finished."""
        self._teller.tell = tell
        lost: set[str] = set()

        def fail(stage: str) -> Callable[[Case | ImageRecord, Exception], None]:
            def failed(one: Case | ImageRecord, error: Exception) -> None:
                image_id = one.id if isinstance(one, ImageRecord) else one.card.id
                lost.add(image_id)
                tell(Failed(Failure(image_id, stage, self._reason(error))))

            return failed

        cases: list[Case] = []
        run_isolated(images, lambda part: cases.extend(map(self.explainer.case, part)), fail("explain"))

        def alive() -> list[Case]:
            return [case for case in cases if case.card.id not in lost]

        for stage in self.explainer.structure.stages:
            run_isolated(alive(), stage, fail("explain"))
        heatmaps = self.explainer.heatmaps()
        for method in self.explainer.methods:
            for group in heatmaps.groups(method, alive()):
                run_isolated(group, partial(heatmaps.explain, method), fail("explain"))
        if self.settings.has_regions:
            run_isolated(alive(), self.explainer.prompting.explain, fail("explain"))
        if self.with_measures:
            for case in alive():
                run_isolated([case], lambda part: self.explainer.measure(part[0]), fail("measure"))
        for case in alive():
            tell(Finished(self._entry(case)))

    def _entry(self, case: Case) -> EntryRef:
        keys = self.explainer.keys(case)
        if self.with_measures:
            return store_entry(self.store, self._made_by, keys, self.classifier.card.digest)
        return EntryRef(keys.image.id, keys.classifier, "")

    def _reason(self, error: Exception) -> str:
        """Return an error's message, with the classifier it happened under if there are several."""
        text = str(error) if isinstance(error, GalleryError) else f"{type(error).__name__}: {error}"
        several = len(self.settings.classifiers) > 1
        return f"{self.classifier.card.title}: {text}" if several else text


@dataclass
class _Teller:
    """The ``Reporter`` of a worker: passes on what is worth telling; stages begin and end elsewhere."""

    tell: Tell[News]
    _open: bool = field(default=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def begin(self, stage: str, total: int | None) -> None:
        """Do nothing."""

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Tell of a finished unit."""
        self.tell(Advanced(image, task, forwards, stored))

    def fail(self, image: str, reason: str) -> None:
        """Do nothing: failures are told with their stage."""

    def note(self, text: str) -> None:
        """Tell one line."""
        self.tell(Noted(text))

    def end(self) -> None:
        """Do nothing."""
