"""Explain and measure a chunk of images under one classifier, keeping every result the moment it is there."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch

from gallery.config import SetSettings
from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, inapplicable
from gallery.interfaces import Classifier
from gallery.measure._base import MEASURES
from gallery.pipeline.case import Case, card_of, make_inputs, marked_of, read_prediction, recipe_of
from gallery.pipeline.heatmaps import Heatmaps, heatmap_key
from gallery.pipeline.index import ResultKeys
from gallery.pipeline.measurements import Measurements, measurement_key
from gallery.pipeline.progress import Reporter
from gallery.pipeline.prompts import Prompting
from gallery.pipeline.recipe import Plugin
from gallery.pipeline.structure import GRAPH, NECESSITY, QUESTIONS, ROBUSTNESS, SEARCH, WHAT_IF, Structure
from gallery.records import ImageRecord, ModelInput, Prediction
from gallery.registry import Registry, did_you_mean
from gallery.scoring.engine import Engine
from gallery.scoring.tuning import Tuning, tune
from gallery.store.keys import result_key
from gallery.store.store import Store


class Explainer:
    """One classifier, one set, one store."""

    def __init__(
        self, classifier: Classifier, settings: SetSettings, store: Store, reporter: Reporter
    ) -> None:
        """Prepare; the engine is only built once something has to be scored."""
        self.classifier = classifier
        self.settings = settings
        self.store = store
        self.reporter = reporter
        self.methods, self.left_out = applicable(methods_of(settings), classifier)
        self.measures = measures_of(settings)
        self.structure = Structure(settings, store, reporter, lambda: self.engine)
        self.prompting = Prompting(settings, store, reporter, lambda: self.engine, self.methods)
        self._measurements = Measurements(settings, store, reporter, lambda: self.engine)

    @cached_property
    def tuning(self) -> Tuning:
        """How masks are screened; measured once per classifier, machine and store."""
        made_by = {
            "classifier": self.classifier.card.digest,
            "device": device_name(self.classifier),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }
        tuning = self.store.get("tuning", made_by, Tuning)
        if tuning is None:
            tuning = tune(self.classifier)
            self.store.put("tuning", made_by, tuning)
        return tuning

    @cached_property
    def engine(self) -> Engine:
        """The scoring engine."""
        title, tuning = self.classifier.card.title, self.tuning
        self.reporter.note(f"{title}: screening in {tuning.precision}, {tuning.batch} at a time")
        return Engine(self.classifier, tuning)

    @property
    def units_per_image(self) -> int:
        """How many results one image takes, measurements included."""
        return self.units_without_measures + len(self.methods) * len(self.measures)

    @property
    def units_without_measures(self) -> int:
        """How many results one image takes: structural explanations and heatmaps."""
        return len(self.structure.stages) + len(self.methods) + self.settings.has_regions

    def case(self, image: ImageRecord) -> Case:
        """Return what the classifier saw and said, from the store or computed."""
        recipe = recipe_of(image, self.classifier.card, self.settings)
        inputs = self.store.get("inputs", recipe.inputs(), ModelInput)
        if inputs is None:
            inputs = make_inputs(image, self.classifier, recipe.mask_model)
            self.store.put("inputs", recipe.inputs(), inputs)
        prediction = self.store.get("prediction", recipe.prediction(image.target), Prediction)
        if prediction is None:
            tensor = torch.from_numpy(inputs.tensor).to(self.classifier.device)
            probabilities = self.engine.probabilities(tensor, exact=True)[0].cpu().numpy()
            prediction = read_prediction(image.target, probabilities, self.classifier.card.class_names)
            self.store.put("prediction", recipe.prediction(image.target), prediction)
        marked = marked_of(image, self.classifier)
        return Case(card_of(image), image.target, recipe, inputs, prediction, marked)

    def heatmaps(self) -> Heatmaps:
        """Return what makes the heatmaps of one chunk of images."""
        return Heatmaps(
            self.settings, self.store, self.reporter, lambda: self.engine, self.structure.as_found
        )

    def measure(self, case: Case) -> None:
        """Take every measure of every heatmap of one image that is not stored."""
        self._measurements.take(case, self.methods, self.measures)

    # --- what was stored -----------------------------------------------------------------------------------

    def keys(self, case: Case) -> ResultKeys:
        """Return where the results of a finished image are stored."""
        recipe = case.recipe
        what_if = (WHAT_IF,) if self.settings.what_if.enabled else ()
        return ResultKeys(
            image=case.card,
            classifier=self.classifier.card.slug,
            inputs=result_key("inputs", recipe.inputs()),
            prediction=result_key("prediction", recipe.prediction(case.target)),
            heatmaps={m.name: result_key("heatmap", heatmap_key(case, m)) for m in self.methods},
            **{
                kind.name: result_key(kind.name, kind.key(case))
                for kind in (SEARCH, GRAPH, NECESSITY, ROBUSTNESS, QUESTIONS, *what_if)
            },
            measurements={
                m.name: {
                    q.name: result_key("measurement", measurement_key(case, m, q)) for q in self.measures
                }
                for m in self.methods
            },
            prompted=self.prompting.keys(case),
        )


def methods_of(settings: SetSettings) -> list[Plugin]:
    """Return the heatmap methods a set wants, with all their options.

    Raises:
        ConfigError: If an option is unknown or has the wrong type.
        RegistrationError: If a method is unknown.
    """
    wanted = settings.methods
    if wanted is None or wanted == "all":
        wanted = {name: {} for name in _chosen(HEATMAPS, wanted)}
    return [Plugin.of(HEATMAPS, name, options) for name, options in wanted.items()]


def measures_of(settings: SetSettings) -> list[Plugin]:
    """Return the measures a set wants, with all their options.

    Raises:
        ConfigError: If an option is unknown or has the wrong type, or belongs to a measure that is not taken.
        RegistrationError: If one is unknown.
    """
    names, given = settings.measures.names, settings.measures.options or {}
    if names is None or names == "all":
        names = _chosen(MEASURES, names)
    names = list(dict.fromkeys(names))
    if stray := [name for name in given if name not in names]:
        known = did_you_mean(stray[0], names)
        raise ConfigError(f"measures.options.{stray[0]}: this measure is not taken. {known}")
    return [
        Plugin.of(MEASURES, name, given.get(name, {}), table=f"measures.options.{name}") for name in names
    ]


def _chosen(registry: Registry[Any], wanted: str | None) -> list[str]:
    """Return all names of a registry, or those taken where a manifest names none."""
    return [one.name for one in registry if wanted == "all" or one.facts.get("is_default", True)]


def applicable(methods: Sequence[Plugin], classifier: Classifier) -> tuple[list[Plugin], dict[str, str]]:
    """Return the methods that can explain ``classifier``, and why the others cannot, by name."""
    reasons = {method.name: inapplicable(method.name, classifier) for method in methods}
    fitting = [method for method in methods if not reasons[method.name]]
    return fitting, {name: reason for name, reason in reasons.items() if reason}


def device_name(classifier: Classifier) -> str:
    """Return the name of the device as pages print it."""
    return torch.cuda.get_device_name(classifier.device) if classifier.device.startswith("cuda") else "cpu"
