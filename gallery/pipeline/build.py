"""The recipe: photographs in, results in the store and their index out. The stages are put in order here."""

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery import __version__
from gallery.classifier._base import SOURCES
from gallery.classifier.load import load_classifier
from gallery.config import SetSettings
from gallery.curation.curate import iter_images
from gallery.curation.plan import Planned, numbered, plan
from gallery.errors import GalleryError, Problem
from gallery.execute.local import chunks, run_isolated
from gallery.explain.heatmaps._base import HEATMAPS
from gallery.explain.search._base import SEARCHES
from gallery.interfaces import Classifier
from gallery.measure._base import MEASURES
from gallery.pipeline.case import Case
from gallery.pipeline.explain import Explainer, device_name, measures_of, methods_of
from gallery.pipeline.index import ResultKeys, ResultsIndex, save_index, settings_digest
from gallery.pipeline.progress import Reporter
from gallery.pipeline.workspace import Workspace
from gallery.records import Catalogue, Failure, ImageRecord, MeasureCard, MethodCard
from gallery.registry import Entry, did_you_mean

CPU_CHUNK, CUDA_CHUNK = 4, 32
"""Images searched in lock-step: enough to fill batches, few enough that little is lost when a build is killed."""


@dataclass(frozen=True)
class Job:
    """A set to build, and where.

    Attributes:
        settings: The set.
        folder: The manifest's folder, which relative paths start from.
        workspace: Where everything is written.
        device: "auto", "cpu", "cuda" or "cuda:<n>".
    """

    settings: SetSettings
    folder: Path
    workspace: Workspace
    device: str = "auto"


def explain_set(job: Job, reporter: Reporter, *, with_measures: bool = True) -> ResultsIndex:
    """Explain (and measure) every image of a set under each of its classifiers.

    Finished results are taken from the store; every new one is stored at once, so an interrupted run goes
    on where it stopped. An image that fails is reported and left out; the others are finished.

    Args:
        job: What to build.
        reporter: Told about progress.
        with_measures: False leaves the measurements out, and the index as it was.

    Returns:
        The index of the results, also saved in the workspace.

    Raises:
        GalleryError: If the settings are wrong or a classifier cannot be loaded.
    """
    settings = job.settings
    methods_of(settings), measures_of(settings)  # wrong options end the run before any work is done
    classifiers = [load_classifier(spec, device=job.device, folder=job.folder) for spec in settings.classifiers]
    failures: dict[str, Failure] = {}
    entries: list[ResultKeys] = []
    for classifier in classifiers:
        run = _ClassifierRun(classifier, job, reporter, failures)
        entries += run.explain(with_measures=with_measures)
    reporter.end()
    order = {entry.image.id: i for i, entry in reversed(list(enumerate(entries)))}
    index = ResultsIndex(
        made_by=settings_digest(settings),
        catalogue=catalogue_of(settings, classifiers),
        mask_model=settings.perturbation.mask_model(),
        seed=settings.seed,
        entries=tuple(sorted(entries, key=lambda entry: order[entry.image.id])),
        failures=tuple(failures.values()),
    )
    if with_measures:
        save_index(index, job.workspace)
    return index


class _ClassifierRun:
    """All images of a set under one classifier."""

    def __init__(
        self, classifier: Classifier, job: Job, reporter: Reporter, failures: dict[str, Failure]
    ) -> None:
        self.explainer = Explainer(classifier, job.settings, job.workspace.store, reporter)
        self.classifier = classifier
        self.job = job
        self.reporter = reporter
        self.failures = failures

    def explain(self, *, with_measures: bool) -> list[ResultKeys]:
        n_images = sum(
            isinstance(p, Planned) for p in plan(numbered(self.job.settings.images), self.job.folder)
        )
        per_image = self.explainer.units_per_image if with_measures else 2 + len(self.explainer.methods)
        self.reporter.begin(f"explain · {self.classifier.card.title}", n_images * per_image)
        size = CUDA_CHUNK if self.classifier.device.startswith("cuda") else CPU_CHUNK
        entries: list[ResultKeys] = []
        for images in chunks(self._images(), size):
            entries += self._explain_chunk(images, with_measures=with_measures)
        return entries

    def _images(self) -> Iterator[ImageRecord]:
        """Yield the photographs that can be read; report the others once."""
        for image in iter_images(self.job.settings, self.job.folder):
            if isinstance(image, ImageRecord):
                yield image
            elif image.skipped:
                self.reporter.note(f"left out: {image.problem}")
            else:
                self._fail(image.id, "curation", str(image.problem))

    def _explain_chunk(self, images: Sequence[ImageRecord], *, with_measures: bool) -> list[ResultKeys]:
        cases: list[Case] = []
        run_isolated(
            images,
            lambda part: cases.extend([self.explainer.case(image) for image in part]),
            lambda image, error: self._fail(image.id, "explain", str(error)),
        )

        def fail(case: Case, error: Exception) -> None:
            self._fail(case.card.id, "explain", str(error))

        def alive() -> list[Case]:
            return [case for case in cases if case.card.id not in self.failures]

        run_isolated(alive(), self.explainer.search, fail)
        run_isolated(alive(), self.explainer.graph, fail)
        for case in alive():
            run_isolated([case], lambda part: self.explainer.heatmaps(part[0]), fail)
        if with_measures:
            for case in alive():
                run_isolated([case], lambda part: self.explainer.measure(part[0]), fail)
        return [self.explainer.keys(case) for case in alive()]

    def _fail(self, image_id: str, stage: str, reason: str) -> None:
        if image_id not in self.failures:
            self.failures[image_id] = Failure(image_id, stage, reason)
            self.reporter.fail(image_id, reason)


def check_names(settings: SetSettings, manifest: Path) -> list[Problem]:
    """Return the problems of a set's methods, measures and classifiers, which the manifest alone cannot know."""

    def problem(key: str, error: GalleryError) -> Problem:
        return Problem(manifest.name, key, str(error), "Correct the name or option.")

    problems = []
    for name, options in (settings.methods or {}).items():
        try:
            HEATMAPS.options(name, options)
        except GalleryError as error:
            problems.append(problem(f"methods.{name}", error))
    for name in settings.measures.names or []:
        if name not in MEASURES:
            fix = did_you_mean(name, MEASURES.names())
            problems.append(Problem(manifest.name, "measures.names", f"Unknown measure {name!r}.", fix))
    for spec in settings.classifiers:
        source = spec.partition(":")[0]
        if source not in SOURCES:
            fix = did_you_mean(source, SOURCES.names())
            problems.append(Problem(manifest.name, "classifiers", f"Unknown classifier source {source!r}.", fix))
    return problems


def catalogue_of(settings: SetSettings, classifiers: Sequence[Classifier]) -> Catalogue:
    """Return what pages say that is not about one image."""
    searches = [_method_card(SEARCHES[settings.search.method])]
    return Catalogue(
        classifiers=tuple(classifier.card for classifier in classifiers),
        methods=tuple(_method_card(HEATMAPS[method.name]) for method in methods_of(settings)),
        searches=tuple(searches),
        measures=tuple(_measure_card(MEASURES[name]) for name in measures_of(settings)),
        versions=versions(),
        device=", ".join(dict.fromkeys(device_name(classifier) for classifier in classifiers)),
    )


def _method_card(entry: Entry[object]) -> MethodCard:  # type: ignore[type-var]
    return MethodCard(
        name=entry.name,
        title=entry.title,
        reference=entry.reference,
        doc=entry.doc,
        defaults=dict(entry.defaults),
        signed=bool(entry.facts.get("is_signed", False)),
    )


def _measure_card(entry: Entry[object]) -> MeasureCard:  # type: ignore[type-var]
    return MeasureCard(
        name=entry.name,
        title=entry.title,
        reference=entry.reference,
        doc=entry.doc,
        unit=entry.facts["unit"],
        better=entry.facts["better"],
    )


def versions() -> dict[str, str]:
    """Return the versions of everything that takes part in explaining."""
    packages = ["numpy", "pillow", "timm", "torch", "torchvision"]
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"explanation-gallery": __version__, "python": platform.python_version(), **found}
