"""What every result is made by: the keys of the store, in one place.

A result's key lists exactly what it depends on, so that changing one option recomputes only what needs it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gallery.config import SetSettings
from gallery.records import ClassifierCard, MaskModel

VERSIONS: Mapping[str, int] = {
    "inputs": 1,
    "prediction": 1,
    "heatmap": 1,
    "search": 1,
    "graph": 1,
    "measurement": 1,
}
"""Raise one to have that kind of result computed again after a change of code."""

Made = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A heatmap method as the set wants it.

    Attributes:
        name: Registered name.
        options: Every option.
        version: The method's own version, raised when its result changes.
        uses_baseline: Whether its map depends on the set's baseline.
        is_seeded: Whether it draws random numbers.
    """

    name: str
    options: Mapping[str, Any]
    version: int
    uses_baseline: bool
    is_seeded: bool


@dataclass(frozen=True)
class Recipe:
    """Keys of all results of one image under one classifier.

    Attributes:
        image: Digest of the pixels.
        classifier: The classifier. Its digest covers weights and preprocessing; names and CAM layer count
            where they are used.
        settings: The set.
    """

    image: str
    classifier: ClassifierCard
    settings: SetSettings

    @property
    def mask_model(self) -> MaskModel:
        """How patches are removed."""
        return self.settings.perturbation.mask_model()

    def _base(self, kind: str) -> Made:
        return {"image": self.image, "classifier": self.classifier.digest, "version": VERSIONS[kind]}

    def inputs(self) -> Made:
        """Return the key parts of what the classifier saw."""
        return {**self._base("inputs"), "baseline": self.mask_model.baseline}

    def prediction(self, target: str | int) -> Made:
        """Return the key parts of the prediction for a target as written in the manifest."""
        names = hashlib.sha256("\n".join(self.classifier.class_names).encode()).hexdigest()
        return {**self._base("prediction"), "target": target, "class_names": names}

    def heatmap(self, target: int, method: Method) -> Made:
        """Return the key parts of one heatmap."""
        made = {
            **self._base("heatmap"),
            "target": target,
            "method": method.name,
            "method_version": method.version,
            "options": dict(method.options),
        }
        if method.options.get("layer") == "":
            made["cam_layer"] = self.classifier.cam_layer
        if method.uses_baseline:
            made["baseline"] = self.mask_model.baseline
        if method.is_seeded:
            made["seed"] = self.settings.seed
        return made

    def search(self, target: int) -> Made:
        """Return the key parts of the minimal sufficient explanations."""
        options = self.settings.search.model_dump(exclude={"overlaps"})
        model = asdict(self.mask_model)
        return {**self._base("search"), "target": target, "mask_model": model, "search": options}

    def graph(self, target: int) -> Made:
        """Return the key parts of the diverse selections and the attention graph."""
        made = self.search(target)
        return {
            **made,
            "graph_version": VERSIONS["graph"],
            "overlaps": list(self.settings.search.overlaps),
            "graph": self.settings.graph.model_dump(),
        }

    def measurement(self, target: int, method: Method, measure: str, *, version: int, is_curve: bool) -> Made:
        """Return the key parts of one measure of one heatmap."""
        made = {
            "heatmap": self.heatmap(target, method),
            "measure": measure,
            "measure_version": version,
            "version": VERSIONS["measurement"],
        }
        return {**made, "step_px": self.settings.measures.step_px} if is_curve else made
