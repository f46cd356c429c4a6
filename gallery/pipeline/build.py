"""The recipe: photographs in, results in the store and their index out. The stages are put in order here."""

import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gallery import __version__
from gallery.classifier._base import SOURCES
from gallery.classifier.load import load_classifier
from gallery.config import SetSettings
from gallery.curation.curate import iter_images
from gallery.curation.plan import Planned, numbered, plan
from gallery.errors import ConfigError, GalleryError, Problem
from gallery.execute.local import chunks, run_isolated
from gallery.explain.heatmaps._base import HEATMAPS, inapplicable
from gallery.explain.search._base import SEARCHES
from gallery.interfaces import Classifier
from gallery.measure._base import MEASURES
from gallery.pipeline.case import Case
from gallery.pipeline.explain import Explainer, device_name, measures_of, methods_of
from gallery.pipeline.guides import check_guide
from gallery.pipeline.index import ResultKeys, ResultsIndex, save_index, settings_digest
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import guide_method, search_options
from gallery.pipeline.workspace import Workspace
from gallery.records import Catalogue, Failure, ImageRecord, MeasureCard, MethodCard
from gallery.registry import Entry, did_you_mean

CPU_CHUNK, CUDA_CHUNK = 2, 32
"""Images searched in lock-step: enough to fill batches, few enough that a killed build loses little."""


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
    # Wrong options end the run before any work is done.
    methods_of(settings), measures_of(settings)
    check_search(settings)
    classifiers = _load(job, reporter)
    planned = [p.id for p in plan(numbered(settings.images), job.folder) if isinstance(p, Planned)]
    failures: list[Failure] = []
    entries: list[ResultKeys] = []
    devices: dict[str, None] = {}
    for classifier in classifiers:
        run = _ClassifierRun(classifier, job, reporter, failures)
        entries += run.explain(len(planned), with_measures=with_measures)
        devices[f"{device_name(classifier)} (screening in {run.explainer.tuning.precision})"] = None
    reporter.end()
    order = {image_id: i for i, image_id in enumerate(planned)}
    index = ResultsIndex(
        made_by=settings_digest(settings),
        catalogue=catalogue_of(settings, classifiers, ", ".join(devices)),
        mask_model=settings.perturbation.mask_model(),
        seed=settings.seed,
        entries=tuple(sorted(entries, key=lambda entry: order[entry.image.id])),
        failures=tuple(failures),
    )
    if with_measures:
        save_index(index, job.workspace)
    return index


def _load(job: Job, reporter: Reporter) -> list[Classifier]:
    """Load the classifiers of a set; downloads report every tenth part.

    Raises:
        ConfigError: If results of two of them could not be told apart.
    """
    specs = job.settings.classifiers
    told: set[tuple[str, int]] = set()

    def on_download(name: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else done // 2**24
        if (name, tenth) not in told:
            told.add((name, tenth))
            share = f"{10 * tenth} % of {total / 2**20:.0f} MiB" if total else f"{done / 2**20:.0f} MiB"
            reporter.note(f"downloading {name}: {share}")

    loaded: list[Classifier] = [
        load_classifier(
            spec,
            device=job.device,
            folder=job.folder,
            progress=on_download,
            stretch=job.settings.perturbation.resize == "stretch",
        )
        for spec in specs
    ]
    first: dict[str, str] = {}
    for spec, classifier in zip(specs, loaded, strict=True):
        if (slug := classifier.card.slug) in first:
            same = "have the same name and weights; keep one of them, or rename one's file."
            raise ConfigError(f"classifiers: {first[slug]!r} and {spec!r} {same}")
        first[slug] = spec
    return loaded


class _ClassifierRun:
    """All images of a set under one classifier."""

    def __init__(self, classifier: Classifier, job: Job, reporter: Reporter, failures: list[Failure]) -> None:
        self.explainer = Explainer(classifier, job.settings, job.workspace.store, reporter)
        self.classifier = classifier
        self.job = job
        self.reporter = reporter
        self.failures = failures
        self.lost: set[str] = set()

    def explain(self, n_images: int, *, with_measures: bool) -> list[ResultKeys]:
        explainer = self.explainer
        for name, reason in explainer.left_out.items():
            self.reporter.note(f"{self.classifier.card.title}: {name} left out: {reason}")
        per_image = explainer.units_per_image if with_measures else explainer.units_without_measures
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
            lambda image, error: self._fail(image.id, "explain", self._reason(error)),
        )

        def fail(stage: str) -> Callable[[Case, Exception], None]:
            return lambda case, error: self._fail(case.card.id, stage, self._reason(error))

        def alive() -> list[Case]:
            return [case for case in cases if case.card.id not in self.lost]

        for stage in self.explainer.structure.stages:
            run_isolated(alive(), stage, fail("explain"))
        heatmaps = self.explainer.heatmaps()
        for method in self.explainer.methods:
            for group in heatmaps.groups(method, alive()):
                run_isolated(group, partial(heatmaps.explain, method), fail("explain"))
        if with_measures:
            for case in alive():
                run_isolated([case], lambda part: self.explainer.measure(part[0]), fail("measure"))
        return [self.explainer.keys(case) for case in alive()]

    def _reason(self, error: Exception) -> str:
        """Return an error's message, with the classifier it happened under if there are several."""
        text = str(error) if isinstance(error, GalleryError) else f"{type(error).__name__}: {error}"
        several = len(self.job.settings.classifiers) > 1
        return f"{self.classifier.card.title}: {text}" if several else text

    def _fail(self, image_id: str, stage: str, reason: str) -> None:
        self.lost.add(image_id)
        failure = Failure(image_id, stage, reason)
        if failure not in self.failures:  # a photograph that cannot be read fails under every classifier
            self.failures.append(failure)
            self.reporter.fail(image_id, reason)


def check_names(settings: SetSettings, manifest: Path) -> list[Problem]:
    """Return the problems of a set's plug-ins and their options, which the manifest alone cannot know."""
    where, problems = str(manifest), []
    methods = settings.methods if isinstance(settings.methods, dict) else {}
    for name, options in methods.items():
        try:
            HEATMAPS.options(name, options)
        except GalleryError as error:
            problems.append(Problem(where, f"methods.{name}", str(error), "Correct the name or option."))
    names = settings.measures.names
    unknown = [name for name in names if name not in MEASURES] if isinstance(names, list) else []
    for name in unknown:
        fix = did_you_mean(name, MEASURES.names())
        problems.append(Problem(where, "measures.names", f"Unknown measure {name!r}.", fix))
    if not unknown:
        try:
            measures_of(settings)
        except GalleryError as error:
            problems.append(Problem(where, "measures.options", str(error), "Correct the name or option."))
    try:
        check_search(settings)
    except GalleryError as error:
        problems.append(Problem(where, "search", str(error), "Correct the name or option."))
    for spec in settings.classifiers:
        source, _, model = spec.partition(":")
        if source not in SOURCES:
            fix = did_you_mean(source, SOURCES.names())
            problems.append(Problem(where, "classifiers", f"Unknown classifier source {source!r}.", fix))
        elif not model:
            fix = 'Write "<source>:<model>", such as "embedded:efficientnet_lite0".'
            problems.append(Problem(where, "classifiers", f"{spec!r} names no model.", fix))
    return problems


def check_search(settings: SetSettings) -> None:
    """Check the name, the options and the guide of the set's search.

    Raises:
        ConfigError: If an option is unknown or has the wrong type, or the guide is unknown.
        RegistrationError: If there is no such search.
    """
    if (guide := guide_method(search_options(settings))) is not None:
        check_guide(guide)


def catalogue_of(settings: SetSettings, classifiers: Sequence[Classifier], device: str) -> Catalogue:
    """Return what pages say that is not about one image."""
    searches = [_method_card(SEARCHES[settings.search.method])]
    return Catalogue(
        classifiers=tuple(classifier.card for classifier in classifiers),
        methods=tuple(
            _method_card(HEATMAPS[method.name])
            for method in methods_of(settings)
            if not all(inapplicable(method.name, classifier) for classifier in classifiers)
        ),
        searches=tuple(searches),
        measures=tuple(_measure_card(MEASURES[measure.name]) for measure in measures_of(settings)),
        versions=versions(),
        device=device,
    )


def _method_card(entry: Entry[Any]) -> MethodCard:
    return MethodCard(
        name=entry.name,
        title=entry.title,
        reference=entry.reference,
        doc=entry.doc,
        defaults=dict(entry.defaults),
        signed=bool(entry.facts.get("is_signed", False)),
    )


def _measure_card(entry: Entry[Any]) -> MeasureCard:
    return MeasureCard(
        name=entry.name,
        title=entry.title,
        reference=entry.reference,
        doc=entry.doc,
        unit=entry.facts["unit"],
        better=entry.facts["better"],
        **{label: entry.facts[label] for label in ("x_label", "y_label") if label in entry.facts},
    )


def versions() -> dict[str, str]:
    """Return the versions of everything that takes part in explaining."""
    packages = ["numpy", "pillow", "timm", "torch", "torchvision"]
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"explanation-gallery": __version__, "python": platform.python_version(), **found}
