"""Maps of concepts: where an x-feature is, in the images in which it is strongest.

Images are taken one after the other, each for all classes at once: maps that hide the same places of the same
image share their passes through the classifier, whatever concept they show.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import torch

from gallery.config import ConceptSettings
from gallery.errors import ConfigError, StoreError
from gallery.explain.concepts.features import ConceptClassifier, ConceptScorer, MaskedFeatures, as_classifier
from gallery.explain.concepts.network import ExplanationNetwork
from gallery.explain.concepts.quality import half_mass_share
from gallery.explain.heatmaps._base import HEATMAPS, Subject, inapplicable
from gallery.interfaces import Classifier
from gallery.pipeline.concepts.index import MAP
from gallery.pipeline.heatmaps import record_of, run_method
from gallery.pipeline.index import ResultKeys
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Made, Plugin
from gallery.records import ConceptMap, MethodCard, ModelInput
from gallery.store.keys import result_key
from gallery.store.store import Store
from gallery.tensors import derive_seed

METHODS = (
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "occlusion", "rise", "smoothgrad", "xgrad_cam",
)  # fmt: skip
"""Methods that explain the output itself; the others take a softmax, which x-features do not have."""
VERSION = 1
"""Raise it to have maps drawn again after a change of code."""


@dataclass(frozen=True)
class Mapped:
    """The concepts of one class under one classifier, as far as maps of them need.

    Attributes:
        classifier: Whose.
        layer: Dotted path of the layer that is read.
        explanation: The trained network.
        learnt_by: What that hangs on.
        seed: Of the set.
        entries: Image id -> its results.
        shown: Which x-feature is shown in which image, in the order of pages.
    """

    classifier: Classifier
    layer: str
    explanation: ExplanationNetwork
    learnt_by: Made
    seed: int
    entries: Mapping[str, ResultKeys]
    shown: tuple[tuple[int, str], ...]

    @cached_property
    def concepts(self) -> ConceptClassifier:
        """A classifier whose classes are the x-features."""
        return as_classifier(self.classifier, self.layer, self.explanation)

    def map_key(self, method: Plugin, image_id: str, k: int) -> Made:
        """Return the key parts of one map."""
        keys = self.entries[image_id]
        return {
            "version": VERSION,
            "network": self.learnt_by,
            "classifier": self.classifier.card.digest,
            "image": keys.image.digest,
            "id": image_id,
            "inputs": keys.inputs,
            "feature": k,
            "method": method.name,
            "method_version": method.version,
            "options": dict(method.options),
        }


def map_methods(settings: ConceptSettings) -> list[Plugin]:
    """Return the methods that show where concepts are.

    Raises:
        ConfigError: If a method cannot show concepts, or an option is unknown or has the wrong type.
    """
    for name in settings.maps:
        if name not in METHODS:
            raise ConfigError(
                f"concepts.maps.{name}: cannot show concepts. Choose from: {', '.join(METHODS)}."
            )
    return [
        Plugin.of(HEATMAPS, name, options, table=f"concepts.maps.{name}")
        for name, options in settings.maps.items()
    ]


def card_of(method: Plugin) -> MethodCard:
    """Return what pages say about a method."""
    entry = HEATMAPS[method.name]
    signed = bool(entry.facts.get("is_signed", False))
    return MethodCard(method.name, entry.title, entry.reference, entry.doc, dict(method.options), signed)


def draw_maps(
    classes: Sequence[Mapped], methods: Sequence[Plugin], store: Store, reporter: Reporter
) -> list[tuple[str, ...]]:
    """Draw and store every map that is not; return where those of each class are, in its order.

    Raises:
        ConfigError: If a method cannot explain a classifier.
        ClassifierError: If a layer cannot be read.
        StoreError: If what a classifier saw is missing.
    """
    for one in classes:
        for method in methods:
            if reason := inapplicable(method.name, one.concepts):
                raise ConfigError(f"concepts.maps.{method.name}: {reason}")
    for image_id in dict.fromkeys(image_id for one in classes for _, image_id in one.shown):
        image = _Image(image_id, store)
        for one, method in product(classes, methods):
            for k in (k for k, shown in one.shown if shown == image_id):
                forwards = image.draw(one, method, k)
                task = f"{method.name} of x-feature {k + 1}"
                reporter.advance(image_id, task, forwards=forwards or 0, stored=forwards is None)
    return [
        tuple(
            result_key(MAP, one.map_key(method, image_id, k))
            for k, image_id in one.shown
            for method in methods
        )
        for one in classes
    ]


def inputs_of(keys: ResultKeys, store: Store) -> ModelInput:
    """Return what a classifier saw of an image.

    Raises:
        StoreError: If it is not stored.
    """
    inputs = store.get_by_key("inputs", keys.inputs, ModelInput)
    if inputs is None:
        raise StoreError(f"a result of image {keys.image.id!r} is missing. Run `gallery build` again.")
    return inputs


class _Image:
    """One image: what was passed through a classifier for one map is at hand for the next."""

    def __init__(self, image_id: str, store: Store) -> None:
        self.image_id, self.store = image_id, store
        self._seen: dict[tuple[str, str], MaskedFeatures] = {}

    def draw(self, one: Mapped, method: Plugin, k: int) -> int | None:
        """Store the map of x-feature ``k``; return the passes it took, or None if it was stored."""
        made_by = one.map_key(method, self.image_id, k)
        if self.store.get(MAP, made_by, ConceptMap) is not None:
            return None
        start = time.perf_counter()
        seen = self._features(one)
        remembered = seen.remembered
        digest = one.entries[self.image_id].image.digest
        subject = Subject(
            classifier=one.concepts,
            image=seen.image,
            target=k,
            scorer=ConceptScorer(seen, one.explanation, k),
            # The same for all concepts, so that what is random shares its passes, too.
            seed=derive_seed(one.seed, digest, "concepts", method.name),
            gradient_module=one.concepts.module,
        )
        raw = run_method(method, [subject])[0]
        heatmap = record_of(method, subject, raw, time.perf_counter() - start)
        self.store.put(MAP, made_by, ConceptMap(self.image_id, k, heatmap, half_mass_share(heatmap.native)))
        return raw.forwards - (seen.remembered - remembered)

    def _features(self, one: Mapped) -> MaskedFeatures:
        place = (one.classifier.card.slug, one.layer)
        if place not in self._seen:
            inputs = inputs_of(one.entries[self.image_id], self.store)
            device = one.classifier.device
            one.explanation.to(device)
            tensor, baseline = (torch.from_numpy(a).to(device) for a in (inputs.tensor, inputs.baseline))
            self._seen[place] = MaskedFeatures(one.classifier, one.layer, tensor, baseline)
        return self._seen[place]
