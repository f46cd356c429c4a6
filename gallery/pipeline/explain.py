"""Explain and measure a chunk of images under one classifier, keeping every result the moment it is there."""

import time
from functools import cached_property

import torch

from gallery.config import SetSettings
from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, Subject, bound
from gallery.interfaces import Classifier
from gallery.measure._base import MEASURES, Measured
from gallery.pipeline.case import Case, card_of, make_inputs, read_prediction
from gallery.pipeline.index import ResultKeys
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Made, Method, Recipe
from gallery.pipeline.structure import GRAPH, NECESSITY, QUESTIONS, ROBUSTNESS, SEARCH, Structure
from gallery.records import Heatmap, ImageRecord, Measurement, ModelInput, Prediction
from gallery.scoring.engine import Engine, Scorer
from gallery.scoring.tuning import Tuning, tune
from gallery.store.keys import result_key
from gallery.store.store import Store
from gallery.tensors import derive_seed, left_as_found, upsample


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
        self.methods = methods_of(settings)
        self.measures = measures_of(settings)
        self.structure = Structure(settings, store, reporter, lambda: self.engine)

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
        return len(self.structure.stages) + len(self.methods)

    def case(self, image: ImageRecord) -> Case:
        """Return what the classifier saw and said, from the store or computed."""
        recipe = Recipe(image.digest, self.classifier.card, self.settings)
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
        return Case(card_of(image), image.target, recipe, inputs, prediction)

    def scorer(self, case: Case) -> Scorer:
        """Return a scorer with an empty table for one image."""
        return self.engine.scorer(case.inputs, case.prediction.target, case.mask_model)

    # --- heatmaps and measures -----------------------------------------------------------------------------

    def heatmaps(self, case: Case) -> None:
        """Compute every heatmap of one image that is not stored."""
        todo = [
            method
            for method in self.methods
            if not self._is_stored(case, "heatmap", _heatmap_key(case, method), Heatmap, task=method.name)
        ]
        if not todo:
            return
        scorer = self.scorer(case)
        subject = self._subject(case, scorer)
        for method in todo:
            start = time.perf_counter()
            subject.seed = derive_seed(self.settings.seed, case.card.digest, method.name)
            with left_as_found(self.classifier.module):
                raw = bound(method.name, dict(method.options))(subject)
            native = raw.native.detach().float().cpu()
            if not bool(torch.isfinite(native).all()):
                reason = "the map has NaN or infinite values; check the classifier."
                raise ClassifierError(f"{method.name}: {reason}")
            record = Heatmap(
                method=method.name,
                values=upsample(native[None], subject.size)[0].numpy(),
                native=native.numpy(),
                options=dict(method.options),
                layer=raw.layer,
                seed=subject.seed if raw.seeded else None,
                forwards=raw.forwards,
                backwards=raw.backwards,
                seconds=time.perf_counter() - start,
            )
            self.store.put("heatmap", _heatmap_key(case, method), record)
            self.reporter.advance(case.card.id, method.name, forwards=raw.forwards)

    def _subject(self, case: Case, scorer: Scorer) -> Subject:
        return Subject(
            classifier=self.classifier,
            image=scorer.image,
            target=case.prediction.target,
            scorer=scorer,
            seed=0,
            gradient_module=self.engine.screen_module,
            gradient_dtype=self.engine.screen_dtype,
        )

    def measure(self, case: Case) -> None:
        """Take every measure of every heatmap of one image that is not stored."""
        for method in self.methods:
            values = None
            for name in self.measures:
                made_by, task = self._measurement_key(case, method, name), f"{name} of {method.name}"
                if self._is_stored(case, "measurement", made_by, Measurement, task=task):
                    continue
                if values is None:
                    heatmap = self.store.require("heatmap", _heatmap_key(case, method), Heatmap)
                    values = torch.from_numpy(heatmap.values)
                self._measure_one(case, method, name, values)

    def _measure_one(self, case: Case, method: Method, name: str, values: torch.Tensor) -> None:
        start = time.perf_counter()
        subject = Measured(values, case.prediction.p_full, self.scorer(case), self.settings.measures.step_px)
        score = MEASURES[name].call(subject)
        record = Measurement(
            measure=name,
            method=method.name,
            value=score.value,
            x=None if score.x is None else score.x.numpy(),
            y=None if score.y is None else score.y.numpy(),
            forwards=score.forwards,
            seconds=time.perf_counter() - start,
        )
        self.store.put("measurement", self._measurement_key(case, method, name), record)
        self.reporter.advance(case.card.id, f"{name} of {method.name}", forwards=score.forwards)

    def _measurement_key(self, case: Case, method: Method, name: str) -> Made:
        facts = MEASURES[name].facts
        return case.recipe.measurement(
            case.prediction.target,
            method,
            name,
            version=facts.get("version", 1),
            is_curve=facts.get("is_curve", False),
        )

    # --- what was stored -----------------------------------------------------------------------------------

    def keys(self, case: Case) -> ResultKeys:
        """Return where the results of a finished image are stored."""
        recipe = case.recipe
        return ResultKeys(
            image=case.card,
            classifier=self.classifier.card.slug,
            inputs=result_key("inputs", recipe.inputs()),
            prediction=result_key("prediction", recipe.prediction(case.target)),
            heatmaps={m.name: result_key("heatmap", _heatmap_key(case, m)) for m in self.methods},
            **{
                kind.name: result_key(kind.name, kind.key(case))
                for kind in (SEARCH, GRAPH, NECESSITY, ROBUSTNESS, QUESTIONS)
            },
            measurements={
                m.name: {
                    name: result_key("measurement", self._measurement_key(case, m, name))
                    for name in self.measures
                }
                for m in self.methods
            },
        )

    def _is_stored(self, case: Case, kind: str, made_by: Made, record: type[object], task: str = "") -> bool:
        """Return whether a result is there and can be read, and count it as done if so."""
        if self.store.get(kind, made_by, record) is None:
            return False
        self.reporter.advance(case.card.id, task or kind, stored=True)
        return True


def _heatmap_key(case: Case, method: Method) -> Made:
    return case.recipe.heatmap(case.prediction.target, method)


def methods_of(settings: SetSettings) -> list[Method]:
    """Return the heatmap methods a set wants, with all their options.

    Raises:
        ConfigError: If an option is unknown or has the wrong type.
        RegistrationError: If a method is unknown.
    """
    wanted = settings.methods
    if wanted is None:
        wanted = {name: {} for name in HEATMAPS.names()}
    return [
        Method(
            name=name,
            options=HEATMAPS.options(name, options),
            version=HEATMAPS[name].facts.get("version", 1),
            uses_baseline=HEATMAPS[name].facts.get("uses_baseline", False),
            is_seeded=HEATMAPS[name].facts.get("is_seeded", False),
        )
        for name, options in wanted.items()
    ]


def measures_of(settings: SetSettings) -> list[str]:
    """Return the measures a set wants.

    Raises:
        RegistrationError: If one is unknown.
    """
    names = settings.measures.names if settings.measures.names is not None else MEASURES.names()
    return [MEASURES[name].name for name in dict.fromkeys(names)]


def device_name(classifier: Classifier) -> str:
    """Return the name of the device as pages print it."""
    return torch.cuda.get_device_name(classifier.device) if classifier.device.startswith("cuda") else "cpu"
