"""Learned concepts: an explanation network for one class, and its x-features in a set's images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gallery.records.arrays import Float32
from gallery.records.heatmaps import Heatmap
from gallery.records.results import MethodCard


@dataclass(frozen=True)
class ConceptViews:
    """What an explanation network was learnt from and tested on; a view is a photograph or a crop of one.

    Attributes:
        source: As written in the manifest; "" for the set's own photographs.
        n_photos: Photographs learnt from.
        n_of_class: Those of them for which the class is the most probable; 0 if it is for none, and then the
            one with the highest logit stands in.
        n_views: Views learnt from.
        n_new_views: Views of the same photographs kept back for testing.
        n_new_photos: Photographs kept back for testing.
        n_views_of_new: Their views.
    """

    source: str
    n_photos: int
    n_of_class: int
    n_views: int
    n_new_views: int
    n_new_photos: int
    n_views_of_new: int


@dataclass(frozen=True)
class ConceptAttempt:
    """One training.

    Attributes:
        weights: Of prediction, reconstruction and pull-away in the loss.
        terms: The same three, unweighted, after each epoch.
        contributions: Mean contribution of each x-feature over the training views, in logits.
        is_accepted: Whether the retry rule is content with it.
    """

    weights: tuple[float, float, float]
    terms: tuple[tuple[float, float, float], ...]
    contributions: tuple[float, ...]
    is_accepted: bool


@dataclass(frozen=True)
class ConceptQuality:
    """How good an explanation network is; None where a number cannot be had.

    Attributes:
        r2_seen: R2 of the predicted logit on the training views.
        r2_views: On views of the same photographs that were kept back.
        r2_photos: On views of photographs that were kept back.
        rmse_views: Root mean squared error of the predicted logit on the views kept back, in logits.
        rmse_photos: On the photographs kept back.
        overlap: Mean squared cosine of the contributions of two x-features, on the views kept back.
        reconstructed: Share of the layer's features with R2 >= 0.5 of their reconstruction, same views.
        stability: Of each x-feature, the mean correlation with its partner in trainings from other seeds,
            same views; empty if there was only one.
        n_seeds: Trainings compared.
    """

    r2_seen: float | None
    r2_views: float | None
    r2_photos: float | None
    rmse_views: float | None
    rmse_photos: float | None
    overlap: float | None
    reconstructed: float
    stability: tuple[float, ...]
    n_seeds: int


@dataclass(frozen=True)
class ConceptNetwork:
    """A trained explanation network.

    Attributes:
        target: Class index.
        class_name: Its name.
        layer: Dotted path of the layer it reads, averaged over positions.
        options: Every option of the training.
        seed: Of the training.
        views: What it was learnt from.
        attempts: Trainings; the last one made the network.
        quality: How good it is.
        weights: Encoder, last layer ("last.weight" (1, n), "last.bias" (1,)) and scale.
        forwards: Images passed through the classifier to learn from.
        seconds: Wall time; not part of the reproducible results.
    """

    target: int
    class_name: str
    layer: str
    options: Mapping[str, Any]
    seed: int
    views: ConceptViews
    attempts: tuple[ConceptAttempt, ...]
    quality: ConceptQuality
    weights: Mapping[str, Float32]
    forwards: int
    seconds: float

    @property
    def n_features(self) -> int:
        """Number of x-features."""
        return int(self.weights["last.weight"].shape[1])

    @property
    def bias(self) -> float:
        """What is added to the contributions, in logits."""
        return float(self.weights["last.bias"][0])


@dataclass(frozen=True)
class ConceptImage:
    """One image of the set through an explanation network.

    Attributes:
        image_id: Which.
        logit: The classifier's, of the class.
        predicted: The explanation network's: contributions and bias.
        features: Value of each x-feature, >= 0.
        contributions: What each adds to ``predicted``, in logits.
    """

    image_id: str
    logit: float
    predicted: float
    features: tuple[float, ...]
    contributions: tuple[float, ...]


@dataclass(frozen=True)
class ConceptMap:
    """Where one x-feature is in one image, by one method.

    Attributes:
        image_id: Which image.
        feature: Index of the x-feature, from 0.
        heatmap: Of the x-feature's value.
        half_mass: Smallest share of the map's cells that holds half of what is positive in it; None if
            nothing is.
    """

    image_id: str
    feature: int
    heatmap: Heatmap
    half_mass: float | None


@dataclass(frozen=True)
class ConceptResult:
    """All that is known of the concepts of one class under one classifier.

    Attributes:
        classifier: Slug of the classifier.
        network: The explanation network.
        images: Every image of the set, in its order.
        maps: Of every x-feature on its strongest images, strongest first, by method in the set's order.
        methods: The methods of the maps.
    """

    classifier: str
    network: ConceptNetwork
    images: tuple[ConceptImage, ...]
    maps: tuple[ConceptMap, ...]
    methods: tuple[MethodCard, ...]
