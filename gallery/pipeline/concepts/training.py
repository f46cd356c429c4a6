"""From photographs to a trained explanation network of one class: views, features, training, tests."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.config import ConceptSettings
from gallery.errors import ClassifierError
from gallery.explain.concepts import quality
from gallery.explain.concepts.features import pooled_features
from gallery.explain.concepts.losses import Weights
from gallery.explain.concepts.network import ExplanationNetwork
from gallery.explain.concepts.train import Examples, Fitted, Plan, fit
from gallery.explain.concepts.views import views_of
from gallery.interfaces import Classifier
from gallery.preprocess import preprocess
from gallery.records import ConceptAttempt, ConceptNetwork, ConceptQuality, ConceptViews, ImageRecord
from gallery.tensors import derive_seed

OFFICIAL = {"images": (10.0, 10.0), "features": (15.0, 5.0)}
"""What the pull-away term compares -> weights of reconstruction and pull-away in the authors' code."""
KEPT_BACK = 5
"""One in five photographs (none of fewer than five), and one in five views of the others, is kept back."""
FIRST_KEPT = 2
"""The photographs with the two highest logits are never kept back: there may be no others of the class."""

Photographs = Callable[[], Iterable[ImageRecord]]
"""Yields the photographs anew at each call, so that only one is in memory at a time."""


@dataclass(frozen=True)
class Assignment:
    """What is to be explained.

    Attributes:
        classifier: Whose.
        target: Class index.
        layer: Dotted path of the layer that is read.
        settings: Of the training.
        seed: Of everything random.
    """

    classifier: Classifier
    target: int
    layer: str
    settings: ConceptSettings
    seed: int


@dataclass(frozen=True)
class Material:
    """Views of photographs as examples, and what they are for.

    Attributes:
        examples: All views.
        is_seen: (N,) bool: learnt from.
        is_new_view: (N,) bool: kept back, of photographs that others are learnt from.
        facts: For the record.
    """

    examples: Examples
    is_seen: Tensor
    is_new_view: Tensor
    facts: ConceptViews

    @property
    def forwards(self) -> int:
        """Images passed through the classifier: every view, and each photograph to tell its class."""
        return len(self.examples.logits) + self.facts.n_photos + self.facts.n_new_photos

    @property
    def is_new_photo(self) -> Tensor:
        """(N,) bool: of photographs that nothing is learnt from."""
        return ~(self.is_seen | self.is_new_view)


def plan_of(settings: ConceptSettings) -> Plan:
    """Return how a set's settings want networks trained."""
    reconstruction, pull_away = OFFICIAL[settings.along]
    return Plan(
        hidden=tuple(settings.hidden),
        n_features=settings.n_features,
        weights=Weights(
            settings.prediction,
            reconstruction if settings.reconstruction is None else settings.reconstruction,
            pull_away if settings.pull_away is None else settings.pull_away,
        ),
        along=settings.along,
        q=settings.q,
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        dropout=settings.dropout,
    )


def train_concepts(job: Assignment, photographs: Photographs) -> ConceptNetwork:
    """Learn the concepts of one class.

    Args:
        job: What, and how.
        photographs: To learn from; composites should not be among them.

    Raises:
        ClassifierError: If there are no photographs, too few views, or the layer cannot be read.

    Cost:
        About ``n_views`` images forward, and ``n_seeds`` trainings.
    """
    start = time.perf_counter()
    material = gather(job, photographs)
    plan = plan_of(job.settings)
    seen = material.examples.part(material.is_seen)
    fits = [fit(seen, plan, derive_seed(job.seed, f"training {i}")) for i in range(job.settings.n_seeds)]
    network = fits[0].network
    facts = material.facts
    return ConceptNetwork(
        target=job.target,
        class_name=job.classifier.card.class_names[job.target],
        layer=job.layer,
        options=training_options(job.settings),
        seed=derive_seed(job.seed, "training 0"),
        views=facts,
        attempts=tuple(_attempt_records(fits[0])),
        quality=measure(material, [one.network for one in fits]),
        weights=network.arrays(),
        forwards=facts.n_views
        + facts.n_new_views
        + facts.n_views_of_new
        + facts.n_photos
        + facts.n_new_photos,
        seconds=time.perf_counter() - start,
    )


def training_options(settings: ConceptSettings) -> dict[str, object]:
    """Return the settings that a trained network depends on, the weights of the loss resolved."""
    given = settings.model_dump(exclude={"classes", "maps", "n_strongest", "photos", "layer", "trained"})
    weights = plan_of(settings).weights
    return given | {"reconstruction": weights.reconstruction, "pull_away": weights.pull_away}


def gather(job: Assignment, photographs: Photographs) -> Material:
    """Return views of the photographs: half of them of the class, as far as the classifier sees it there.

    Raises:
        ClassifierError: If there is no photograph.
    """
    wholes = [(image.digest, *_features(job, image, 1)) for image in photographs()]
    if not wholes:
        raise ClassifierError("concepts.photos: no photograph to learn from. Name a source that has some.")
    logits = torch.cat([answer for _, _, answer in wholes])
    of_class = logits.argmax(dim=1) == job.target
    if not of_class.any():
        of_class[logits[:, job.target].argmax()] = True
    n_each = _views_each(of_class, job.settings.n_views)
    parts = [_features(job, image, n) for image, n in zip(photographs(), n_each, strict=True)]
    inputs = torch.cat([features for features, _ in parts])
    answers = torch.cat([answer[:, job.target] for _, answer in parts])
    photo = torch.repeat_interleave(torch.arange(len(n_each)), torch.tensor(n_each))
    number = torch.cat([torch.arange(n) for n in n_each])
    ranks = logits[:, job.target].argsort(descending=True, stable=True).argsort()
    new_photos = (ranks % KEPT_BACK == FIRST_KEPT) & (len(ranks) >= KEPT_BACK)
    is_new_photo = new_photos[photo]
    is_new_view = ~is_new_photo & (number % KEPT_BACK == KEPT_BACK - 1)
    is_seen = ~is_new_photo & ~is_new_view
    facts = ConceptViews(
        source=job.settings.photos,
        n_photos=int((~new_photos).sum()),
        n_of_class=int(((logits.argmax(dim=1) == job.target) & ~new_photos).sum()),
        n_views=int(is_seen.sum()),
        n_new_views=int(is_new_view.sum()),
        n_new_photos=int(new_photos.sum()),
        n_views_of_new=int(is_new_photo.sum()),
    )
    return Material(Examples(inputs, answers), is_seen, is_new_view, facts)


def _views_each(of_class: Tensor, n_views: int) -> list[int]:
    """Return how many views every photograph gives: as many of the class as of others, at least one each."""
    n_of, n_other = int(of_class.sum()), int((~of_class).sum())
    half = n_views / 2 if n_other else n_views
    return [max(1, round(half / (n_of if is_of else n_other))) for is_of in of_class.tolist()]


def _features(job: Assignment, image: ImageRecord, n: int) -> tuple[Tensor, Tensor]:
    """Return the layer's features and all logits of ``n`` views of a photograph."""
    card = job.classifier.card
    views: Iterator[Tensor] = (
        torch.from_numpy(preprocess(view, card.preprocessing))
        for view in views_of(image.pixels, n, derive_seed(job.seed, "views", image.digest))
    )
    return pooled_features(job.classifier, job.layer, views)


def measure(material: Material, networks: list[ExplanationNetwork]) -> ConceptQuality:
    """Return how good the first network is, and how like it those from other seeds are."""
    first = networks[0]
    seen, views, photos = (
        material.examples.part(chosen)
        for chosen in (material.is_seen, material.is_new_view, material.is_new_photo)
    )
    tested = views if len(views.logits) else seen
    scaled = tested.inputs / first.scale
    contributions = [_contributions(network, tested) for network in networks]
    with torch.no_grad():
        decoded = first.decode(first.encode(scaled)).numpy()
    return ConceptQuality(
        r2_seen=_r_squared(first, seen),
        r2_views=_r_squared(first, views),
        r2_photos=_r_squared(first, photos),
        rmse_views=_rmse(first, views),
        rmse_photos=_rmse(first, photos),
        overlap=quality.overlap(contributions[0]),
        reconstructed=quality.share_reconstructed(decoded, scaled.numpy()),
        stability=quality.stability(contributions[0], contributions[1:]),
        n_seeds=len(networks),
    )


def _contributions(network: ExplanationNetwork, examples: Examples) -> quality.Array:
    return network.contributions(network(examples.inputs)).detach().numpy()


def _predicted(network: ExplanationNetwork, examples: Examples) -> quality.Array:
    return network.predict(network(examples.inputs)).detach().numpy()


def _r_squared(network: ExplanationNetwork, examples: Examples) -> float | None:
    if len(examples.logits) < 2:
        return None
    return quality.r_squared(_predicted(network, examples), examples.logits.numpy())


def _rmse(network: ExplanationNetwork, examples: Examples) -> float | None:
    if not len(examples.logits):
        return None
    return quality.root_mean_square(_predicted(network, examples), examples.logits.numpy())


def _attempt_records(fitted: Fitted) -> Iterator[ConceptAttempt]:
    for one in fitted.attempts:
        weights = (one.weights.prediction, one.weights.reconstruction, one.weights.pull_away)
        yield ConceptAttempt(weights, one.terms, one.contributions, one.is_accepted)
