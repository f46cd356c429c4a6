"""What every result is made by: the keys of the store, in one place.

A result's key lists exactly what it depends on, so that changing one option recomputes only what needs it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from gallery.config import SetSettings
from gallery.explain.search._base import SEARCHES
from gallery.explain.search._guide import MEASURED
from gallery.records import Change, ClassifierCard, MaskModel
from gallery.registry import Registry

VERSIONS: Mapping[str, int] = {
    "inputs": 2,
    "prediction": 2,
    "heatmap": 2,
    "search": 2,
    "graph": 2,
    "necessity": 1,
    "robustness": 1,
    "questions": 1,
    "what_if": 1,
    "prompts": 1,
    "prompted": 1,
    "measurement": 3,
}
"""Raise one to have that kind of result computed again after a change of code."""

Made = dict[str, Any]


USES: Mapping[str, str] = {
    "is_seeded": "seed",
    "uses_baseline": "baseline",
    "uses_patches": "patches",
    "uses_search": "search",
    "uses_graph": "graph",
    "uses_regions": "regions",
    "uses_steps": "step_px",
}
"""Fact given at registration -> what the plug-in's result hangs on besides image, classifier and options."""


@dataclass(frozen=True)
class Plugin:
    """A heatmap method or a measure as the set wants it.

    Attributes:
        name: Registered name.
        options: Every option.
        version: Its own version, raised when its result changes.
        uses: Values of ``USES``.
    """

    name: str
    options: Mapping[str, Any]
    version: int = 1
    uses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, registry: Registry[Any], name: str, given: Mapping[str, Any], *, table: str = "") -> "Plugin":
        """Return the plug-in ``name`` with the options ``given`` and defaults for the others.

        Raises:
            ConfigError: If an option is unknown or has the wrong type.
            RegistrationError: If there is no such plug-in.
        """
        facts = registry[name].facts
        uses = frozenset(use for fact, use in USES.items() if facts.get(fact, False))
        return cls(name, registry.options(name, given, table=table), facts.get("version", 1), uses)


@dataclass(frozen=True)
class Recipe:
    """Keys of all results of one image under one classifier.

    Attributes:
        image: Digest of the pixels.
        classifier: The classifier. Its digest covers weights and preprocessing; names and CAM layer count
            where they are used.
        settings: The set.
        regions: Digest of what is marked in the image and of a composite's quarters, or "".
        region: Digest of what is marked in the image, or "".
        needed: Digest of the needed region, or "".
        precluded: Digest of the precluded region, or "".
    """

    image: str
    classifier: ClassifierCard
    settings: SetSettings
    regions: str = ""
    region: str = ""
    needed: str = ""
    precluded: str = ""

    @property
    def mask_model(self) -> MaskModel:
        """How patches are removed."""
        return self.settings.perturbation.mask_model()

    def _base(self, kind: str) -> Made:
        return {"image": self.image, "classifier": self.classifier.digest, "version": VERSIONS[kind]}

    def inputs(self) -> Made:
        """Return the key parts of what the classifier saw."""
        model = self.mask_model
        made = {**self._base("inputs"), "baseline": model.baseline}
        if self.region:
            made["region"] = self.region
        if model.partition == "slic":
            made |= {"n_segments": model.n_segments, "compactness": model.compactness}
        return made

    def prediction(self, target: str | int) -> Made:
        """Return the key parts of the prediction for a target as written in the manifest."""
        names = hashlib.sha256("\n".join(self.classifier.class_names).encode()).hexdigest()
        return {**self._base("prediction"), "target": target, "class_names": names}

    def heatmap(self, target: int, method: Plugin) -> Made:
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
        if "patches" in method.uses:
            made["mask_model"] = asdict(self.mask_model)
        elif "baseline" in method.uses:
            made["baseline"] = self.mask_model.baseline
        if "seed" in method.uses:
            made["seed"] = self.settings.seed
        if "search" in method.uses:
            made["search_made_by"] = self.search(target)
        if "graph" in method.uses:
            made["graph_made_by"] = self.graph(target)
        return made

    def search(self, target: int) -> Made:
        """Return the key parts of the minimal sufficient explanations, and of the scores behind them."""
        settings, options = self.settings.search, search_options(self.settings)
        made = {
            **self._base("search"),
            "target": target,
            "mask_model": asdict(self.mask_model),
            "method": settings.method,
            "method_version": SEARCHES[settings.method].facts.get("version", 1),
            "p_high": settings.p_high,
            "options": options,
        }
        if guide_method(options) is not None:
            made |= {"seed": self.settings.seed, "cam_layer": self.classifier.cam_layer}
        return made

    def graph(self, target: int) -> Made:
        """Return the key parts of the diverse selections and the attention graph."""
        return {
            **self._after_search("graph", target),
            "overlaps": list(self.settings.search.overlaps),
            "graph": self.settings.graph.model_dump(),
        }

    def necessity(self, target: int) -> Made:
        """Return the key parts of what the prediction cannot do without."""
        options = self.settings.necessity.model_dump()
        return {**self._after_search("necessity", target), "necessity": options}

    def robustness(self, target: int) -> Made:
        """Return the key parts of what hangs on threshold, baseline and chance."""
        options = self.settings.robustness.model_dump()
        return {**self._after_search("robustness", target), "robustness": options}

    def questions(self, target: int) -> Made:
        """Return the key parts of the held-out questions, which avoid the nodes of the graph."""
        options = self.settings.questions.model_dump()
        made = {"graph": self.graph(target), "questions": options, "seed": self.settings.seed}
        return {**self._base("questions"), **made}

    def what_if(self, target: int) -> Made:
        """Return the key parts of the patch sets for readers to try, which take over earlier scores."""
        options = self.settings.what_if.model_dump(exclude={"enabled"})
        made = {"graph": self.graph(target), "necessity": self.necessity(target), "what_if": options}
        return {**self._base("what_if"), **made}

    def changed(self, change: Change) -> "Recipe":
        """Return the keys of results of the image with a region replaced by the baseline."""
        region = self.precluded if change == "without_precluded" else self.needed
        made = hashlib.sha256(f"{change} {region} {self.mask_model.baseline}".encode()).hexdigest()
        return replace(self, image=f"{self.image}:{made}", needed="", precluded="")

    def prompts(self, target: int) -> Made:
        """Return the key parts of what needed and precluded regions do to prediction and explanations."""
        made = {**self._marked(), "search": self.settings.prompts.search}
        return {**self._after_search("prompts", target), **made}

    def prompted(self, target: int, method: Plugin, *, again: bool) -> Made:
        """Return the key parts of one heatmap and the regions; ``again``: also without the precluded one."""
        after = self.changed("without_precluded").heatmap(target, method) if again else None
        made = {"heatmap": self.heatmap(target, method), "after": after}
        return {**self._base("prompted"), **self._marked(), **made}

    def _marked(self) -> Made:
        return {"needed": self.needed, "precluded": self.precluded}

    def _after_search(self, kind: str, target: int) -> Made:
        return {**self._base(kind), "search_made_by": self.search(target)}

    def measurement(self, target: int, method: Plugin, measure: Plugin) -> Made:
        """Return the key parts of one measure of one heatmap."""
        made = {
            "heatmap": self.heatmap(target, method),
            "measure": measure.name,
            "measure_version": measure.version,
            "version": VERSIONS["measurement"],
        }
        if measure.options:
            made["options"] = dict(measure.options)
        if "step_px" in measure.uses:
            made["step_px"] = self.settings.measures.step_px
        if "seed" in measure.uses:
            made["seed"] = self.settings.seed
        if "regions" in measure.uses:
            made["regions"] = self.regions
        return made


def search_options(settings: SetSettings) -> dict[str, Any]:
    """Return every option of the set's search.

    Raises:
        ConfigError: If an option is unknown or has the wrong type.
        RegistrationError: If there is no such search.
    """
    search = settings.search
    return SEARCHES.options(
        search.method, search.options, table="search", also=("method", "p_high", "overlaps")
    )


def guide_method(options: Mapping[str, Any]) -> str | None:
    """Return the name of the heatmap method that ranks patches for a search with these options, or None."""
    guide = options.get("guide")
    return None if guide is None or guide in MEASURED else str(guide)
