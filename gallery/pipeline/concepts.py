"""The concepts of a set: a trained network per class, what it says of every image, maps of each concept."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from gallery.config import ConceptSettings, SetSettings
from gallery.errors import ConfigError, StoreError
from gallery.explain.concepts.features import ConceptClassifier, ConceptScorer, as_classifier, pooled_features
from gallery.explain.concepts.network import ExplanationNetwork, restored
from gallery.explain.concepts.quality import half_mass_share
from gallery.explain.heatmaps._base import HEATMAPS, Subject, inapplicable
from gallery.interfaces import Classifier
from gallery.pipeline.concept_files import trained_networks
from gallery.pipeline.concept_index import (
    INDEX,
    MAP,
    NETWORK,
    SCORES,
    ConceptIndex,
    ConceptKeys,
    ConceptScores,
    index_made_by,
)
from gallery.pipeline.concept_networks import Lesson, targets
from gallery.pipeline.heatmaps import record_of, run_method
from gallery.pipeline.index import ResultKeys, ResultsIndex, load_entries
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Plugin
from gallery.records import (
    ConceptImage,
    ConceptMap,
    ConceptNetwork,
    MethodCard,
    ModelInput,
)
from gallery.store.keys import result_key
from gallery.store.store import Store
from gallery.tensors import derive_seed

MAP_METHODS = (
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "occlusion", "rise", "smoothgrad", "xgrad_cam",
)  # fmt: skip
"""Methods that explain the output itself; the others take a softmax, which x-features do not have."""


@dataclass(frozen=True)
class Surroundings:
    """What the concepts of a set are made of and where they go."""

    settings: SetSettings
    folder: Path
    store: Store
    reporter: Reporter


def check_concepts(settings: SetSettings) -> None:
    """Check the methods of the maps and their options.

    Raises:
        ConfigError: If a method cannot show concepts, or an option is unknown or has the wrong type.
    """
    if settings.concepts is not None:
        map_methods(settings.concepts)


def check_classes(settings: SetSettings, classifiers: Sequence[Classifier]) -> None:
    """Check that there is a classifier for every class whose concepts are wanted.

    Raises:
        ConfigError: If there is none, or two entries mean the same class.
    """
    if settings.concepts is not None:
        list(targets(settings.concepts, classifiers))


def map_methods(settings: ConceptSettings) -> list[Plugin]:
    """Return the methods that show where concepts are.

    Raises:
        ConfigError: As for ``check_concepts``.
    """
    for name in settings.maps:
        if name not in MAP_METHODS:
            raise ConfigError(
                f"concepts.maps.{name}: cannot show concepts. Choose from: {', '.join(MAP_METHODS)}."
            )
    return [
        Plugin.of(HEATMAPS, name, options, table=f"concepts.maps.{name}")
        for name, options in settings.maps.items()
    ]


def explain_concepts(
    around: Surroundings, index: ResultsIndex, classifiers: Sequence[Classifier]
) -> ConceptIndex | None:
    """Learn, or find in the store, the concepts of every class of a set, and store where they are.

    Args:
        around: The set.
        index: Of its results; every image in it is looked at.
        classifiers: The set's, loaded.

    Returns:
        Where they are; None if the set wants none or no image could be explained.

    Raises:
        ConfigError: If no classifier has one of the classes.
        ClassifierError: If a layer cannot be read, or there is too little to learn from.
    """
    wanted = around.settings.concepts
    if wanted is None or not index.entries:
        return None
    methods = map_methods(wanted)
    entries = list(load_entries(index, around.store))
    around.reporter.begin("concepts", None)
    found = []
    for classifier, target in targets(wanted, classifiers):
        of_classifier = [keys for keys in entries if keys.classifier == classifier.card.slug]
        found.append(ClassConcepts(around, classifier, target, of_classifier).keys(methods))
    around.reporter.end()
    cards = tuple(_card(method) for method in methods)
    concepts = ConceptIndex(tuple(found), cards)
    around.store.put(INDEX, index_made_by(around.settings), concepts)
    return concepts


def _card(method: Plugin) -> MethodCard:
    entry = HEATMAPS[method.name]
    signed = bool(entry.facts.get("is_signed", False))
    return MethodCard(method.name, entry.title, entry.reference, entry.doc, dict(method.options), signed)


class ClassConcepts:
    """The concepts of one class under one classifier; what is in the store is taken from there."""

    def __init__(
        self, around: Surroundings, classifier: Classifier, target: int, entries: Sequence[ResultKeys]
    ) -> None:
        self.around = around
        self.classifier = classifier
        self.target = target
        self.entries = entries
        self.store = around.store
        own = [keys.image.digest for keys in entries if not keys.image.quadrants]
        self.lesson = Lesson(classifier, target, around.settings, around.folder, own)
        self.layer = self.lesson.layer

    def keys(self, methods: Sequence[Plugin]) -> ConceptKeys:
        """Return where everything is, computing what is missing."""
        images = self._scores().images
        maps = tuple(self._map(method, image, k) for method, image, k in self._shown(images, methods))
        return ConceptKeys(
            classifier=self.classifier.card.slug,
            network=result_key(NETWORK, self.lesson.made_by),
            scores=result_key(SCORES, self._scores_made_by()),
            maps=maps,
        )

    # --- the network ---------------------------------------------------------------------------------------

    @cached_property
    def network(self) -> ConceptNetwork:
        """The trained network: from the store, from a file that the manifest names, or learnt now."""
        name, made_by = self.lesson.class_name, self.lesson.made_by
        network = self.store.get(NETWORK, made_by, ConceptNetwork)
        if network is not None:
            self.around.reporter.advance(name, "concepts", stored=True)
            return network
        network = self._from_file()
        learnt = self.lesson.learn() if network is None else network
        self.store.put(NETWORK, made_by, learnt)
        self.around.reporter.advance(name, "concepts", forwards=learnt.forwards if network is None else 0)
        return learnt

    def _from_file(self) -> ConceptNetwork | None:
        """Return the network of the file that was made of exactly the same, or None."""
        name, trained = self.lesson.class_name, self.lesson.wanted.trained
        for file, network, made_by in trained_networks(self.lesson.wanted, self.around.folder):
            if made_by == self.lesson.made_by:
                self.around.reporter.note(f"concepts of {name}: from {file}, its digest is as listed")
                return network
        if trained:
            reason = "made with other photographs, settings or weights"
            self.around.reporter.note(f"concepts of {name}: learnt now; the files listed were {reason}")
        return None

    @cached_property
    def _explanation(self) -> ExplanationNetwork:
        return restored(self.network.weights)

    @cached_property
    def _concepts(self) -> ConceptClassifier:
        return as_classifier(self.classifier, self.layer, self._explanation)

    # --- what it says of the set's images ------------------------------------------------------------------

    def _scores_made_by(self) -> dict[str, Any]:
        images = [[keys.image.id, keys.inputs] for keys in self.entries]
        return {"network": self.lesson.made_by, "images": images, "classifier": self.classifier.card.digest}

    def _scores(self) -> ConceptScores:
        """Return what the network says of every image."""
        scores = self.store.get(SCORES, self._scores_made_by(), ConceptScores)
        if scores is None:
            scores = ConceptScores(tuple(self._images()))
            self.store.put(SCORES, self._scores_made_by(), scores)
        return scores

    def _images(self) -> Iterator[ConceptImage]:
        """Yield what the network says of each image; all go through the classifier in full passes."""
        tensors = (torch.from_numpy(self._inputs(keys).tensor) for keys in self.entries)
        inputs, logits = pooled_features(self.classifier, self.layer, tensors)
        explanation = self._explanation.to("cpu")
        features = explanation(inputs)
        contributions = explanation.contributions(features)
        predicted = explanation.predict(features)
        for i, keys in enumerate(self.entries):
            yield ConceptImage(
                image_id=keys.image.id,
                logit=float(logits[i, self.target]),
                predicted=float(predicted[i]),
                features=tuple(features[i].tolist()),
                contributions=tuple(contributions[i].tolist()),
            )

    def _inputs(self, keys: ResultKeys) -> ModelInput:
        inputs = self.store.get_by_key("inputs", keys.inputs, ModelInput)
        if inputs is None:
            raise StoreError(f"a result of image {keys.image.id!r} is missing. Run `gallery build` again.")
        return inputs

    # --- maps ----------------------------------------------------------------------------------------------

    def _shown(
        self, images: Sequence[ConceptImage], methods: Sequence[Plugin]
    ) -> Iterator[tuple[Plugin, ConceptImage, int]]:
        """Yield which maps are shown: every x-feature on the images where it is strongest, if it answers."""
        for k in range(self.network.n_features):
            ordered = sorted(images, key=lambda image: -image.features[k])
            for image in ordered[: self.lesson.wanted.n_strongest]:
                if image.features[k] > 0:
                    yield from ((method, image, k) for method in methods)

    def _map(self, method: Plugin, image: ConceptImage, k: int) -> str:
        """Return the key of one map, making it if it is not stored."""
        keys = next(keys for keys in self.entries if keys.image.id == image.image_id)
        made_by = {
            "network": self.lesson.made_by,
            "classifier": self.classifier.card.digest,
            "image": keys.image.digest,
            "id": keys.image.id,
            "inputs": keys.inputs,
            "feature": k,
            "method": method.name,
            "method_version": method.version,
            "options": dict(method.options),
        }
        if self.store.get(MAP, made_by, ConceptMap) is None:
            self.store.put(MAP, made_by, self._drawn(method, keys, k))
        self.around.reporter.advance(image.image_id, f"{method.name} of x-feature {k + 1}")
        return result_key(MAP, made_by)

    def _drawn(self, method: Plugin, keys: ResultKeys, k: int) -> ConceptMap:
        start = time.perf_counter()
        if reason := inapplicable(method.name, self._concepts):
            raise ConfigError(f"concepts.maps.{method.name}: {reason}")
        inputs, device = self._inputs(keys), self.classifier.device
        tensor, baseline = (torch.from_numpy(a).to(device) for a in (inputs.tensor, inputs.baseline))
        self._explanation.to(device)
        subject = Subject(
            classifier=self._concepts,
            image=tensor,
            target=k,
            scorer=ConceptScorer(self._concepts, tensor, baseline, k),
            seed=derive_seed(self.around.settings.seed, keys.image.digest, method.name, str(k)),
            gradient_module=self._concepts.module,
        )
        raw = run_method(method, [subject])[0]
        heatmap = record_of(method, subject, raw, time.perf_counter() - start)
        return ConceptMap(keys.image.id, k, heatmap, half_mass_share(heatmap.native))
