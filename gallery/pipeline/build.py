"""The recipe: photographs in, results in the store and their index out. The stages are put in order here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.classifier._base import SOURCES
from gallery.classifier.load import load_classifier
from gallery.config import SetSettings
from gallery.curation.plan import Planned, numbered, plan
from gallery.errors import ConfigError, GalleryError, Problem
from gallery.execute.local import Local
from gallery.explain.heatmaps._base import HEATMAPS, inapplicable
from gallery.explain.search._base import SEARCHES
from gallery.installed import explaining_versions
from gallery.interfaces import Classifier, Executor
from gallery.measure._base import MEASURES
from gallery.pipeline.classifier_run import ClassifierRun
from gallery.pipeline.concepts.explain import Surroundings, check_classes, check_concepts, explain_concepts
from gallery.pipeline.explain import measures_of, methods_of
from gallery.pipeline.generative.explain import check_generative, explain_generative
from gallery.pipeline.generative.files import check_files
from gallery.pipeline.guides import check_guide
from gallery.pipeline.index import (
    ResultsIndex,
    save_index,
    save_shard,
    settings_digest,
)
from gallery.pipeline.live_export import export_live, prepare_live
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import guide_method, search_options
from gallery.pipeline.shard import WHOLE, Shard
from gallery.pipeline.workspace import Workspace
from gallery.records import Catalogue, Failure, MeasureCard, MethodCard
from gallery.registry import Entry, did_you_mean


@dataclass(frozen=True)
class Job:
    """A set to build, and where.

    Attributes:
        settings: The set.
        folder: The manifest's folder, which relative paths start from.
        workspace: Where everything is written.
        device: "auto", "cpu", "cuda" or "cuda:<n>".
        shard: The part of the set to explain.
    """

    settings: SetSettings
    folder: Path
    workspace: Workspace
    device: str = "auto"
    shard: Shard = WHOLE


def explain_set(
    job: Job, reporter: Reporter, *, with_measures: bool = True, executor: Executor | None = None
) -> ResultsIndex:
    """Explain (and measure) every image of a set, or of one shard of it, under each of its classifiers.

    Finished results are taken from the store; every new one is stored at once, so an interrupted run goes
    on where it stopped. An image that fails is reported and left out; the others are finished.

    Args:
        job: What to build.
        reporter: Told about progress.
        with_measures: False leaves the measurements out, and the index as it was.
        executor: Has the work done; None does it in this process, on ``job.device``.

    Returns:
        The index of the results, also saved: in the workspace or, for a shard, in the store for ``merge``.

    Raises:
        GalleryError: If the settings are wrong, a classifier cannot be loaded, or workers keep dying.
    """
    settings = job.settings
    executor = Local(job.device) if executor is None else executor
    # Wrong options end the run before any work is done.
    methods_of(settings), measures_of(settings)
    check_search(settings)
    check_concepts(settings)
    check_generative(settings, job.folder)
    if settings.live:
        prepare_live(settings, job.folder, job.workspace)
    # Workers elsewhere load classifiers of their own; here they are only asked what they are.
    classifiers = load_classifiers(job, reporter, executor.device if executor.is_local else "cpu")
    check_classes(settings, classifiers)
    planned = plan(numbered(settings.images), job.folder)
    ids = [p.id for i, p in enumerate(planned) if isinstance(p, Planned) and job.shard.takes(i)]
    failures: list[Failure] = []
    runs = [ClassifierRun(classifier, job, reporter, executor, failures) for classifier in classifiers]
    for run, spec in zip(runs, settings.classifiers, strict=True):
        run.explain(spec, len(ids), with_measures=with_measures)
    reporter.end()
    devices = dict.fromkeys(device for run in runs for device in run.devices)
    index = ResultsIndex(
        made_by=settings_digest(settings),
        catalogue=catalogue_of(settings, classifiers, ", ".join(devices)),
        mask_model=settings.perturbation.mask_model(),
        seed=settings.seed,
        entries=tuple(run.finished[i] for i in ids for run in runs if i in run.finished),
        failures=tuple(failures),
    )
    if settings.live and with_measures:
        export_live(index, classifiers, job.workspace, reporter)
    if with_measures and job.shard.count == 1:
        save_index(index, job.workspace)
        around = Surroundings(settings, job.folder, job.workspace.store, reporter)
        explain_concepts(around, index, classifiers)
        explain_generative(settings, job.folder, job.workspace.store, reporter)
    elif with_measures:
        save_shard(index, job.workspace.store, job.shard)
    return index


def load_classifiers(job: Job, reporter: Reporter, device: str) -> list[Classifier]:
    """Load the classifiers of a set onto a device; downloads report every tenth part.

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
            device=device,
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
    try:
        check_concepts(settings)
    except GalleryError as error:
        problems.append(Problem(where, "concepts.maps", str(error), "Correct the name or option."))
    if settings.vae is not None:
        problems += check_files(settings.vae, manifest)
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
        versions=explaining_versions(),
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
