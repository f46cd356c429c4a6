"""The measurements of one image's heatmaps under one classifier, every one stored the moment it is there."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from gallery.classifier._base import LoadedClassifier
from gallery.config import SetSettings
from gallery.measure._base import MEASURES, Measured, Remade, Remake, Score
from gallery.perturbation import make_baseline
from gallery.pipeline.case import Case
from gallery.pipeline.heatmaps import heatmap_key, method_seed, run_method, subject_of
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Made, Plugin
from gallery.records import Heatmap, Measurement
from gallery.scoring.engine import Engine
from gallery.store.store import Store
from gallery.tensors import derive_seed, left_as_found, upsample

STRUCTURAL = frozenset({"search", "graph"})
"""Maps made from these cannot be made again without the whole search."""


class Measurements:
    """Measures heatmaps of one classifier."""

    def __init__(
        self, settings: SetSettings, store: Store, reporter: Reporter, engine: Callable[[], Engine]
    ) -> None:
        """Prepare; ``engine`` is called once something has to be scored."""
        self.settings = settings
        self.store = store
        self.reporter = reporter
        self._engine = engine
        self._other: tuple[nn.Module, Engine] | None = None

    def take(self, case: Case, methods: Sequence[Plugin], measures: Sequence[Plugin]) -> None:
        """Take every measure of every heatmap of one image that is not stored."""
        for method in methods:
            heatmap = None
            for measure in measures:
                made_by, task = measurement_key(case, method, measure), f"{measure.name} of {method.name}"
                if self.store.get("measurement", made_by, Measurement) is not None:
                    self.reporter.advance(case.card.id, task, stored=True)
                    continue
                heatmap = heatmap or self.store.require("heatmap", heatmap_key(case, method), Heatmap)
                start = time.perf_counter()
                score = self._score(case, method, measure, heatmap)
                seconds = time.perf_counter() - start
                self.store.put("measurement", made_by, record_of(method, measure, score, seconds))
                self.reporter.advance(case.card.id, task, forwards=score.forwards)

    def _score(self, case: Case, method: Plugin, measure: Plugin, heatmap: Heatmap) -> Score:
        engine = self._engine()
        subject = Measured(
            values=torch.from_numpy(heatmap.values),
            p_full=case.prediction.p_full,
            scorer=engine.scorer(case.inputs, case.prediction.target, case.mask_model),
            step_px=self.settings.measures.step_px,
            native=torch.from_numpy(heatmap.native),
            seed=derive_seed(self.settings.seed, case.card.digest, method.name, measure.name),
            passes=heatmap.forwards + heatmap.backwards,
            remake=None if STRUCTURAL & method.uses else self._remake(case, method),
            module=engine.classifier.module,
            region=_plane(case.inputs.region),
            quadrant=_plane(case.quadrant),
        )
        with left_as_found(engine.classifier.module):
            score: Score = MEASURES[measure.name].call(subject, **measure.options)
        return score

    def _remake(self, case: Case, method: Plugin) -> Remake:
        def remake(image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
            engine = self._engine() if module is None else self._engine_of(module)
            other = case if image is None else _with_image(case, image, engine)
            scorer = engine.scorer(other.inputs, case.prediction.target, case.mask_model)
            subject = subject_of(engine, other, scorer, method_seed(self.settings, case, method.name))
            raw = run_method(method, [subject])[0]
            native = raw.native.detach().float().cpu()
            return Remade(upsample(native[None], subject.size)[0], raw.forwards)

        return remake

    def _engine_of(self, module: nn.Module) -> Engine:
        """Return an engine for another network; the last one is kept, as it is asked several times."""
        if self._other is None or self._other[0] is not module:
            engine = self._engine()
            classifier = LoadedClassifier(engine.classifier.card, module, engine.device)
            self._other = (module, Engine(classifier, engine.tuning))
        return self._other[1]


def _with_image(case: Case, image: Tensor, engine: Engine) -> Case:
    """Return the case of another normalised input."""
    image = image.detach().float().cpu()
    preprocessing = engine.classifier.card.preprocessing
    baseline = make_baseline(case.mask_model.baseline, image, preprocessing)
    inputs = replace(case.inputs, tensor=image.numpy(), baseline=baseline.numpy())
    return replace(case, inputs=inputs)


def _plane(values: "object") -> Tensor | None:
    return None if values is None else torch.as_tensor(values)


def record_of(method: Plugin, measure: Plugin, score: Score, seconds: float) -> Measurement:
    """Return a measure's answer as the record that is stored."""
    return Measurement(
        measure=measure.name,
        method=method.name,
        value=score.value,
        x=None if score.x is None else score.x.numpy(),
        y=None if score.y is None else score.y.numpy(),
        forwards=score.forwards,
        seconds=seconds,
        note=score.note,
    )


def measurement_key(case: Case, method: Plugin, measure: Plugin) -> Made:
    """Return what one measurement is made by."""
    return case.recipe.measurement(case.prediction.target, method, measure)
