"""Time and forwards that learned concepts will take: one training epoch and one map of each kind, rehearsed.

An untrained network costs what a trained one costs, so that nothing has to be learnt to know the price.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gallery.config import ConceptSettings
from gallery.explain.concepts.features import ConceptScorer, MaskedFeatures, as_classifier, pooled_features
from gallery.explain.concepts.network import ExplanationNetwork, Shape
from gallery.explain.concepts.train import Examples, fit
from gallery.explain.heatmaps._base import Subject
from gallery.interfaces import Classifier
from gallery.pipeline.build import Job
from gallery.pipeline.concepts.files import trained_networks
from gallery.pipeline.concepts.index import INDEX, NETWORK, ConceptIndex, index_made_by
from gallery.pipeline.concepts.lesson import Lesson, targets
from gallery.pipeline.concepts.maps import map_methods
from gallery.pipeline.concepts.training import plan_of
from gallery.pipeline.heatmaps import run_method
from gallery.pipeline.recipe import Plugin
from gallery.records import ConceptNetwork

VIEWS = 16
"""Images passed to learn what a pass takes."""


@dataclass(frozen=True)
class ConceptCost:
    """What the concepts of a set will take.

    Attributes:
        forwards: Images passed forward, at most.
        seconds: Wall time, if every training is accepted at once.
        basis: How this was found, one sentence; "" if there is nothing to do.
    """

    forwards: int = 0
    seconds: float = 0.0
    basis: str = ""


@dataclass(frozen=True)
class _MapCost:
    """What one map takes; ``is_shared`` if maps of other concepts of the same image need no passes then."""

    forwards: int
    seconds: float
    is_shared: bool


@dataclass(frozen=True)
class _Rehearsal:
    """What was measured of one classifier: seconds per view and per training, and every map."""

    view_s: float
    training_s: float
    maps: tuple[_MapCost, ...]


def concept_cost(job: Job, classifiers: Sequence[Classifier], n_images: int) -> ConceptCost:
    """Predict what learning and showing the concepts of a set takes; nothing if they are stored.

    Args:
        job: The set and its workspace.
        classifiers: The set's, loaded.
        n_images: In the set.

    Raises:
        GalleryError: If the settings are wrong, or a photograph or a listed network cannot be read.

    Cost:
        Per classifier, ``VIEWS`` passes, one epoch of training and one map by every method.
    """
    wanted, store = job.settings.concepts, job.workspace.store
    if wanted is None or store.get(INDEX, index_made_by(job.settings), ConceptIndex) is not None:
        return ConceptCost()
    methods, rehearsals = map_methods(wanted), dict[str, _Rehearsal]()
    lessons = [
        Lesson(classifier, target, job.settings, job.folder)
        for classifier, target in targets(wanted, classifiers)
    ]
    for classifier, layer in {
        one.classifier.card.slug: (one.classifier, one.layer) for one in lessons
    }.values():
        rehearsals[classifier.card.slug] = _rehearse(classifier, layer, wanted, methods)
    views = [_views_to_learn(lesson, job) for lesson in lessons]
    forwards, seconds = 0, 0.0
    for lesson, n_views in zip(lessons, views, strict=True):
        cost = rehearsals[lesson.classifier.card.slug]
        forwards += n_views + n_images
        seconds += cost.view_s * (n_views + n_images) + (cost.training_s * wanted.n_seeds if n_views else 0)
    for slug, cost in rehearsals.items():
        n_classes = sum(lesson.classifier.card.slug == slug for lesson in lessons)
        n_maps = n_classes * wanted.n_features * min(wanted.n_strongest, n_images)
        for one in cost.maps:
            n = min(n_maps, n_images) if one.is_shared else n_maps
            forwards += one.forwards * n
            seconds += one.seconds * n
    n_learnt = sum(n > 0 for n in views)
    again = "; a training that is refused is made again, up to five times" if n_learnt else ""
    return ConceptCost(
        forwards,
        seconds,
        f"Concepts: {n_learnt} of {len(lessons)} networks must be learnt; an epoch and a map of each kind "
        f"were tried just now{again}.",
    )


def _views_to_learn(lesson: Lesson, job: Job) -> int:
    """Return how many views a network is learnt from; 0 if it is stored, or in a file that fits."""
    made_by = lesson.made_by
    if job.workspace.store.get(NETWORK, made_by, ConceptNetwork) is not None:
        return 0
    if any(found == made_by for _, _, found in trained_networks(lesson.wanted, job.folder)):
        return 0
    return lesson.wanted.n_views + sum(1 for _ in lesson.photographs())


def _rehearse(
    classifier: Classifier, layer: str, wanted: ConceptSettings, methods: Sequence[Plugin]
) -> _Rehearsal:
    draw = torch.Generator().manual_seed(0)
    size = classifier.card.preprocessing.size
    image = torch.randn(1, 3, *size, generator=draw)
    start = time.perf_counter()
    features, _ = pooled_features(classifier, layer, [image] * VIEWS)
    view_s = (time.perf_counter() - start) / VIEWS
    network = ExplanationNetwork(Shape(features.shape[1], tuple(wanted.hidden), wanted.n_features)).eval()
    network.requires_grad_(requires_grad=False)
    image = image.to(classifier.device)
    return _Rehearsal(
        view_s,
        _training_s(features, wanted, draw),
        tuple(
            _map_cost(method, classifier, layer, network.to(classifier.device), image) for method in methods
        ),
    )


def _training_s(features: torch.Tensor, wanted: ConceptSettings, draw: torch.Generator) -> float:
    """Return the seconds of one training, from one epoch of it on random views."""
    inputs = features[:1] + torch.rand(wanted.n_views, features.shape[1], generator=draw)
    examples = Examples(inputs, torch.randn(wanted.n_views, generator=draw))
    start = time.perf_counter()
    fitted = fit(examples, plan_of(wanted.model_copy(update={"epochs": 1})), 0)
    return (time.perf_counter() - start) / len(fitted.attempts) * wanted.epochs


def _map_cost(
    method: Plugin, classifier: Classifier, layer: str, network: ExplanationNetwork, image: torch.Tensor
) -> _MapCost:
    seen = MaskedFeatures(classifier, layer, image, torch.zeros_like(image))
    concepts = as_classifier(classifier, layer, network)
    scorer = ConceptScorer(seen, network, 0)
    start = time.perf_counter()
    raw = run_method(method, [Subject(concepts, image, 0, scorer, 0, concepts.module)])[0]
    return _MapCost(raw.forwards, time.perf_counter() - start, is_shared=bool(seen.forwards))
