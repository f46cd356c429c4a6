"""The explanation network of one class: what it hangs on, where it may come from, and learning it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gallery.config import ConceptSettings, ImageEntry, SetSettings
from gallery.curation.curate import iter_entries
from gallery.curation.plan import numbered
from gallery.errors import ConfigError
from gallery.interfaces import Classifier
from gallery.pipeline.case import resolve_target
from gallery.pipeline.concepts.training import Assignment, train_concepts, training_options
from gallery.records import ConceptNetwork, Float32, ImageRecord
from gallery.store.keys import canonical_json
from gallery.tensors import derive_seed

VERSION = 1
"""Raise it to have networks learnt again after a change of code."""


@dataclass(frozen=True)
class Lesson:
    """One class under one classifier, and what there is to learn its concepts from.

    Attributes:
        classifier: Whose.
        target: Class index.
        settings: The set, with concepts.
        folder: The manifest's.
        own: Digests of the set's photographs that may be learnt from; None for all that can be read.
    """

    classifier: Classifier
    target: int
    settings: SetSettings
    folder: Path
    own: Sequence[str] | None = None

    @property
    def wanted(self) -> ConceptSettings:
        """The set's settings of concepts."""
        if self.settings.concepts is None:
            raise ConfigError("concepts: this set wants none. Add a table [concepts] with classes = [...].")
        return self.settings.concepts

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return self.classifier.card.class_names[self.target]

    @property
    def layer(self) -> str:
        """Dotted path of the layer that is read.

        Raises:
            ConfigError: If neither the manifest nor the classifier names one.
        """
        layer = self.wanted.layer or self.classifier.card.cam_layer
        if not layer:
            raise ConfigError(
                f"concepts.layer: {self.classifier.card.id} has no CAM layer; name the layer to read."
            )
        return layer

    def photographs(self) -> Iterator[ImageRecord]:
        """Yield the photographs to learn from: no composites, no pixels twice, none that cannot be read."""
        source = self.wanted.photos
        entries = [ImageEntry(source=source)] if source else self.settings.images
        seen: set[str] = set()
        for image in iter_entries(numbered(entries), self.folder):
            if not isinstance(image, ImageRecord) or image.quadrants or image.digest in seen:
                continue
            if source or self.own is None or image.digest in self.own:
                seen.add(image.digest)
                yield image

    @cached_property
    def made_by(self) -> dict[str, Any]:
        """What the network hangs on: the photographs by their pixels, in order."""
        known = None if self.wanted.photos else self.own
        digests = [image.digest for image in self.photographs()] if known is None else known
        listed = canonical_json(list(dict.fromkeys(digests)))
        return {
            "version": VERSION,
            "classifier": self.classifier.card.digest,
            "target": self.target,
            "layer": self.layer,
            "photographs": hashlib.sha256(listed.encode()).hexdigest(),
            "options": training_options(self.wanted),
            "seed": self.settings.seed,
        }

    def learn(self) -> ConceptNetwork:
        """Train the network; see ``train_concepts``."""
        seed = derive_seed(self.settings.seed, "concepts", self.class_name)
        job = Assignment(self.classifier, self.target, self.layer, self.wanted, seed)
        return train_concepts(job, self.photographs)


def targets(wanted: ConceptSettings, classifiers: Sequence[Classifier]) -> Iterator[tuple[Classifier, int]]:
    """Yield every class under every classifier that has it, by class.

    Raises:
        ConfigError: If no classifier has one of the classes, or two entries mean the same.
    """
    seen: dict[tuple[str, int], str | int] = {}
    for name in wanted.classes:
        able = [(one, target) for one in classifiers if (target := _target(name, one)) is not None]
        if not able:
            resolve_target(name, _flat(classifiers[0]), classifiers[0].card.class_names)
        for classifier, target in able:
            if (first := seen.setdefault((classifier.card.slug, target), name)) != name:
                raise ConfigError(
                    f"concepts.classes: {first!r} and {name!r} are one class; keep one of them."
                )
            yield classifier, target


def _flat(classifier: Classifier) -> Float32:
    return np.zeros(len(classifier.card.class_names), np.float32)


def _target(name: str | int, classifier: Classifier) -> int | None:
    """Return the index of a class, or None if the classifier has none of this name."""
    try:
        return resolve_target(name, _flat(classifier), classifier.card.class_names)
    except ConfigError:
        return None
