"""One image under one classifier, on its way through the stages."""

import hashlib
from dataclasses import asdict, dataclass

import numpy as np
import torch

from gallery.config import SetSettings
from gallery.curation.composite import quadrant_plane, quadrants_of_class
from gallery.errors import ConfigError
from gallery.interfaces import Classifier
from gallery.perturbation import make_baseline
from gallery.pipeline.recipe import Recipe
from gallery.preprocess import display_view, preprocess, region_window
from gallery.records import (
    ClassifierCard,
    Float32,
    ImageCard,
    ImageRecord,
    MaskModel,
    ModelInput,
    Prediction,
    TopClass,
    UInt8,
)
from gallery.registry import did_you_mean
from gallery.store.keys import canonical_json
from gallery.superpixels import slic_segments

VIEW_SCALE = 2
"""Display pixels per input pixel and axis."""
TOP = 5


@dataclass(frozen=True)
class Marked:
    """Needed and precluded regions as the classifier sees them.

    Attributes:
        needed: (H, W) float32 in [0, 1]; None if none is marked, or it is out of sight.
        precluded: Likewise.
        note: "" or which of them is out of sight.
    """

    needed: Float32 | None
    precluded: Float32 | None
    note: str = ""


@dataclass
class Case:
    """An image with what the classifier saw and said.

    Attributes:
        card: The photograph without its pixels.
        target: As written in the manifest.
        recipe: Keys of its results.
        inputs: What the classifier saw.
        prediction: What it said about the whole image.
        marked: What is needed and precluded in it; None if nothing is.
    """

    card: ImageCard
    target: str | int
    recipe: Recipe
    inputs: ModelInput
    prediction: Prediction
    marked: Marked | None = None

    @property
    def mask_model(self) -> MaskModel:
        """How patches of this image are removed."""
        return self.recipe.mask_model.of(self.inputs.segments)

    @property
    def threshold(self) -> float:
        """Probability from which a patch set is sufficient."""
        return self.recipe.settings.search.p_high * self.prediction.p_full

    @property
    def quadrant(self) -> Float32 | None:
        """The share of each input pixel, (H, W) in [0, 1], in the quarters that show the target class.

        None if the image is no composite, or none of its quarters is labelled with that class.
        """
        wanted = quadrants_of_class(self.card.quadrants, self.prediction.class_name)
        if not wanted:
            return None
        plane = quadrant_plane(self.card.size, wanted)
        return region_window(plane, self.recipe.classifier.preprocessing)


def card_of(image: ImageRecord) -> ImageCard:
    """Return an image without its pixels."""
    return ImageCard(
        id=image.id,
        title=image.title,
        source=image.source,
        size=(image.pixels.shape[0], image.pixels.shape[1]),
        digest=image.digest,
        source_sha256=image.source_sha256,
        label=image.label,
        credit=image.credit,
        quadrants=image.quadrants,
        region=region_digest(image),
    )


def recipe_of(image: ImageRecord, card: ClassifierCard, settings: SetSettings) -> Recipe:
    """Return the keys of all results of an image under a classifier."""
    return Recipe(
        image.digest,
        card,
        settings,
        regions=regions_digest(image),
        region=region_digest(image),
        needed=plane_digest(image.needed),
        precluded=plane_digest(image.precluded),
    )


def region_digest(image: ImageRecord) -> str:
    """Return the SHA-256 hex of the marked object's shape and pixels, or "" if nothing is marked."""
    return plane_digest(image.region)


def plane_digest(plane: UInt8 | None) -> str:
    """Return the SHA-256 hex of a marked region's shape and pixels, or "" if there is none."""
    if plane is None:
        return ""
    header = f"{plane.shape[0]} {plane.shape[1]} "
    return hashlib.sha256(header.encode() + np.ascontiguousarray(plane).tobytes()).hexdigest()


def regions_digest(image: ImageRecord) -> str:
    """Return the digest of all that measures may look for in an image, or "" if nothing is known."""
    if image.region is None and not image.quadrants:
        return ""
    known = [region_digest(image), [asdict(quadrant) for quadrant in image.quadrants]]
    return hashlib.sha256(canonical_json(known).encode()).hexdigest()


def make_inputs(image: ImageRecord, classifier: Classifier, mask_model: MaskModel) -> ModelInput:
    """Return what ``classifier`` sees of ``image``; the baseline is made on the CPU, the same everywhere."""
    preprocessing = classifier.card.preprocessing
    tensor = preprocess(image.pixels, preprocessing)
    replaced = make_baseline(mask_model.baseline, torch.from_numpy(tensor), preprocessing)
    segments = None
    if mask_model.partition == "slic":
        seen = display_view(image.pixels, preprocessing, 1)
        segments = slic_segments(seen, mask_model.n_segments, mask_model.compactness)
    view = display_view(image.pixels, preprocessing, VIEW_SCALE)
    region = None if image.region is None else region_window(image.region, preprocessing)
    return ModelInput(view, tensor, replaced.numpy(), segments, region)


def marked_of(image: ImageRecord, classifier: Classifier) -> Marked | None:
    """Return what is needed and precluded in ``image`` as ``classifier`` sees it; None if nothing is."""
    planes: dict[str, Float32 | None] = {"needed": None, "precluded": None}
    hidden = []
    for name in planes:
        if (drawn := getattr(image, name)) is not None:
            plane = region_window(drawn, classifier.card.preprocessing)
            planes[name] = plane if plane.any() else None
            hidden += [] if plane.any() else [name]
    if image.needed is None and image.precluded is None:
        return None
    notes = [f"The {name} region lies outside what the classifier sees." for name in hidden]
    return Marked(planes["needed"], planes["precluded"], " ".join(notes))


def resolve_target(target: str | int, probabilities: Float32, names: tuple[str, ...]) -> int:
    """Return the class index a manifest's ``target`` means.

    Raises:
        ConfigError: If the index is out of range or the name is not one of the classifier's.
    """
    if target == "predicted":
        return int(probabilities.argmax())
    if isinstance(target, int):
        if not 0 <= target < len(names):
            raise ConfigError(f"target = {target}: the classifier has classes 0 to {len(names) - 1}.")
        return target
    exact = [i for i, name in enumerate(names) if name == target]
    close = exact or [i for i, name in enumerate(names) if name.casefold() == target.casefold()]
    if not close:
        hint = did_you_mean(target, list(names))
        raise ConfigError(f"target = {target!r}: the classifier has no such class. {hint}")
    if len(close) > 1:
        numbers = ", ".join(str(i) for i in close)
        raise ConfigError(
            f"target = {target!r} names {len(close)} classes ({numbers}); give the index instead."
        )
    return close[0]


def read_prediction(target: str | int, probabilities: Float32, names: tuple[str, ...]) -> Prediction:
    """Return the target and the five most probable classes; ties go to the lower index.

    Raises:
        ConfigError: If the target is not one of the classifier's, or has no probability at all: then nothing
            can be measured against it.
    """
    index = resolve_target(target, probabilities, names)
    if probabilities[index] <= 0:
        raise ConfigError(f"target = {target!r}: the classifier gives {names[index]!r} probability 0 here.")
    return prediction_of(index, probabilities, names)


def prediction_of(target: int, probabilities: Float32, names: tuple[str, ...]) -> Prediction:
    """Return what is said of a class, however improbable, and the five most probable ones."""
    order = np.argsort(-probabilities, kind="stable")[:TOP].tolist()
    top = tuple(TopClass(i, names[i], float(probabilities[i])) for i in order)
    return Prediction(target, names[target], float(probabilities[target]), top)
