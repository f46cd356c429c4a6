"""The concepts of a set: a trained network per class, what it says of every image, maps of each concept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from gallery.config import SetSettings
from gallery.explain.concepts.features import pooled_features
from gallery.explain.concepts.network import ExplanationNetwork, restored
from gallery.interfaces import Classifier
from gallery.pipeline.concepts.files import trained_networks
from gallery.pipeline.concepts.index import (
    INDEX,
    NETWORK,
    SCORES,
    ConceptIndex,
    ConceptKeys,
    ConceptScores,
    index_made_by,
)
from gallery.pipeline.concepts.lesson import Lesson, targets
from gallery.pipeline.concepts.maps import Mapped, card_of, draw_maps, inputs_of, map_methods
from gallery.pipeline.index import ResultKeys, ResultsIndex, load_entries
from gallery.pipeline.progress import Reporter
from gallery.records import ConceptImage, ConceptNetwork
from gallery.store.keys import result_key
from gallery.store.store import Store


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
        found.append(ClassConcepts(around, classifier, target, of_classifier))
    maps = draw_maps([one.mapped() for one in found], methods, around.store, around.reporter)
    around.reporter.end()
    concepts = ConceptIndex(
        tuple(one.keys(keys) for one, keys in zip(found, maps, strict=True)),
        tuple(card_of(method) for method in methods),
    )
    around.store.put(INDEX, index_made_by(around.settings), concepts)
    return concepts


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

    def keys(self, maps: tuple[str, ...]) -> ConceptKeys:
        """Return where everything is; ``maps`` is where the maps are."""
        return ConceptKeys(
            classifier=self.classifier.card.slug,
            network=result_key(NETWORK, self.lesson.made_by),
            scores=result_key(SCORES, self._scores_made_by()),
            maps=maps,
        )

    def mapped(self) -> Mapped:
        """Return what maps are made of, computing network and scores if they are missing."""
        return Mapped(
            self.classifier,
            self.layer,
            self._explanation,
            self.lesson.made_by,
            self.around.settings.seed,
            {keys.image.id: keys for keys in self.entries},
            self.shown(),
        )

    def shown(self) -> tuple[tuple[int, str], ...]:
        """Return which x-features are shown in which images: where they are strongest, if they answer."""
        images, pairs = self._scores().images, []
        for k in range(self.network.n_features):
            ordered = sorted(images, key=lambda image: -image.features[k])[: self.lesson.wanted.n_strongest]
            pairs += [(k, image.image_id) for image in ordered if image.features[k] > 0]
        return tuple(pairs)

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
        tensors = (torch.from_numpy(inputs_of(keys, self.store).tensor) for keys in self.entries)
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
