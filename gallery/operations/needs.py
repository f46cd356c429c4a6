"""What a manifest needs of a store: the keys of all its results, found without computing any."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from gallery.curation.curate import iter_images
from gallery.errors import GalleryError
from gallery.interfaces import Classifier
from gallery.operations.keep import Keep, Key
from gallery.pipeline.build import Job, load_classifiers
from gallery.pipeline.case import Case, card_of, recipe_of
from gallery.pipeline.events import Events
from gallery.pipeline.explain import Explainer
from gallery.pipeline.index import PromptKeys, ResultKeys, settings_digest
from gallery.pipeline.progress import Reporter
from gallery.pipeline.structure import SCORES
from gallery.records import ImageRecord, ModelInput, Prediction
from gallery.store.keys import result_key

UNSEEN = ModelInput(
    np.zeros((0, 0, 3), np.uint8), np.zeros((1, 3, 0, 0), np.float32), np.zeros((1, 3, 0, 0), np.float32)
)
"""Stands for what the classifier saw, on which no key hangs."""


@dataclass(frozen=True)
class Need:
    """The results of one image under one classifier.

    Attributes:
        image: Id of the image.
        digest: Of its pixels.
        classifier: Digest of the classifier.
        keys: Task, as progress names it -> of its result; None if the prediction is not stored, on which most
            keys hang.
    """

    image: str
    digest: str
    classifier: str
    keys: Mapping[str, Key] | None


def needs(
    job: Job, classifiers: Sequence[Classifier], takes: Callable[[int], bool] = lambda _: True
) -> Iterator[Need]:
    """Yield what every image of a set needs under each of its classifiers.

    Args:
        job: The set, and the store in which predictions are looked up.
        classifiers: The set's, loaded.
        takes: Position of an image in the set -> whether it is asked for.

    Raises:
        GalleryError: If a photograph cannot be read: its results could not be told from others.

    Cost:
        One decoding per image, and one look into the store per image and classifier.
    """
    silent = Events(lambda _: None, units=False)
    store = job.workspace.store
    explainers = [Explainer(classifier, job.settings, store, silent) for classifier in classifiers]
    for image in iter_images(job.settings, job.folder, takes):
        if isinstance(image, ImageRecord):
            for explainer in explainers:
                yield _need(image, explainer)
        elif not image.skipped:
            raise GalleryError(f"{image.problem} Until then, nobody knows which stored results are its own.")


def keep_of(job: Job, reporter: Reporter) -> Keep:
    """Return what a set needs of a store.

    Raises:
        GalleryError: If a photograph or a classifier cannot be read.
    """
    classifiers = load_classifiers(job, reporter, job.device)
    keys: set[Key] = set()
    unknown = set()
    for need in needs(job, classifiers):
        if need.keys is None:
            unknown.add((need.digest, need.classifier))
        else:
            keys.update(need.keys.values())
    digests = frozenset(classifier.card.digest for classifier in classifiers)
    vae = job.settings.vae
    files = frozenset() if vae is None else frozenset([*vae.trained.values(), *vae.results.values()])
    settings = frozenset({settings_digest(job.settings)})
    return Keep(frozenset(keys), frozenset(unknown), digests, settings, files)


def _need(image: ImageRecord, explainer: Explainer) -> Need:
    card = explainer.classifier.card
    recipe = recipe_of(image, card, explainer.settings)
    prediction = explainer.store.get("prediction", recipe.prediction(image.target), Prediction)
    if prediction is None:
        return Need(image.id, image.digest, card.digest, None)
    case = Case(card_of(image), image.target, recipe, UNSEEN, prediction)
    keys = _by_task(explainer.keys(case))
    scores = (SCORES.name, result_key(SCORES.name, SCORES.key(case)))
    return Need(image.id, image.digest, card.digest, {**keys, SCORES.name: scores})


def _by_task(keys: ResultKeys) -> dict[str, Key]:
    """Return the keys of all results of an image by task, as progress names it."""
    names = [field.name for field in fields(keys)]
    several = {"image", "classifier", "heatmaps", "measurements", "prompted"}
    single = [name for name in names if name not in several]
    found: dict[str, Key] = {name: (name, getattr(keys, name)) for name in single if getattr(keys, name)}
    found |= {method: ("heatmap", key) for method, key in keys.heatmaps.items()}
    for method, measures in keys.measurements.items():
        found |= {f"{measure} of {method}": ("measurement", key) for measure, key in measures.items()}
    if keys.prompted is not None:
        found |= _of_prompts(keys.prompted)
    return found


def _of_prompts(keys: PromptKeys) -> dict[str, Key]:
    """Return the keys of what needed and precluded regions do; progress counts all of it as one task."""
    found: dict[str, Key] = {"prompts": ("prompts", keys.prompts)}
    if keys.search:
        found["prompts: search"] = ("search", keys.search)
    found |= {f"prompts: {method}": ("prompted", key) for method, key in keys.maps.items()}
    return found | {f"prompts: {method} again": ("heatmap", key) for method, key in keys.heatmaps.items()}
