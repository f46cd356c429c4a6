"""The heatmaps of a few images under one classifier, every one stored the moment it is there."""

import time
from collections.abc import Callable, Sequence

import torch

from gallery.config import SetSettings
from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Structure, Subject, bound_together
from gallery.pipeline.case import Case
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Plugin
from gallery.records import Heatmap, HeatmapPart
from gallery.scoring.engine import Engine, Scorer
from gallery.store.store import Store
from gallery.tensors import derive_seed, left_as_found, upsample


def subject_of(engine: Engine, case: Case, scorer: Scorer, seed: int) -> Subject:
    """Return what a heatmap method needs to know about one image."""
    return Subject(
        classifier=engine.classifier,
        image=scorer.image,
        target=case.prediction.target,
        scorer=scorer,
        seed=seed,
        gradient_module=engine.screen_module,
        gradient_dtype=engine.screen_dtype,
        mask_model=case.mask_model,
        segments=scorer.segments,
    )


def method_seed(settings: SetSettings, case: Case, method: str) -> int:
    """Return the seed of one method on one image: another method's draws never change it."""
    return derive_seed(settings.seed, case.card.digest, method)


def run_method(method: Plugin, subjects: Sequence[Subject]) -> list[RawMap]:
    """Return one finite map per subject, on the CPU, the classifier left as found.

    Raises:
        ClassifierError: If a map has NaN or infinite values.
    """
    with left_as_found(subjects[0].classifier.module):
        maps = bound_together(method.name, method.options)(subjects)
    for raw in maps:
        if not bool(torch.isfinite(raw.native).all()):
            reason = "the map has NaN or infinite values; check the classifier."
            raise ClassifierError(f"{method.name}: {reason}")
    return maps


class Heatmaps:
    """Explains one chunk of images; what the methods share of an image is kept until the chunk is done."""

    def __init__(
        self,
        settings: SetSettings,
        store: Store,
        reporter: Reporter,
        engine: Callable[[], Engine],
        structure: Callable[[Case], Structure],
    ) -> None:
        """Prepare; ``engine`` and ``structure`` are called once they are needed."""
        self.settings = settings
        self.store = store
        self.reporter = reporter
        self._engine = engine
        self._structure = structure
        self._subjects: dict[str, Subject] = {}

    def groups(self, method: Plugin, cases: Sequence[Case]) -> list[list[Case]]:
        """Return the images that ``method`` explains together."""
        is_batched = HEATMAPS[method.name].facts.get("is_batched", False)
        return [list(cases)] if is_batched else [[case] for case in cases]

    def explain(self, method: Plugin, cases: Sequence[Case]) -> None:
        """Make the maps of ``method`` that are not stored."""
        todo = []
        for case in cases:
            if self.store.get("heatmap", heatmap_key(case, method), Heatmap) is None:
                todo.append(case)
            else:
                self.reporter.advance(case.card.id, method.name, stored=True)
        if not todo:
            return
        start = time.perf_counter()
        subjects = [self._subject(case) for case in todo]
        for case, subject in zip(todo, subjects, strict=True):
            subject.seed = method_seed(self.settings, case, method.name)
        maps = run_method(method, subjects)
        seconds = (time.perf_counter() - start) / len(todo)
        for case, subject, raw in zip(todo, subjects, maps, strict=True):
            self.store.put("heatmap", heatmap_key(case, method), record_of(method, subject, raw, seconds))
            self.reporter.advance(case.card.id, method.name, forwards=raw.forwards)

    def _subject(self, case: Case) -> Subject:
        if case.card.id not in self._subjects:
            engine = self._engine()
            scorer = engine.scorer(case.inputs, case.prediction.target, case.mask_model)
            subject = subject_of(engine, case, scorer, 0)
            subject.structure = lambda: self._structure(case)
            self._subjects[case.card.id] = subject
        return self._subjects[case.card.id]


def record_of(method: Plugin, subject: Subject, raw: RawMap, seconds: float) -> Heatmap:
    """Return a method's answer as the record that is stored."""
    native = raw.native.detach().float().cpu()
    return Heatmap(
        method=method.name,
        values=upsample(native[None], subject.size)[0].numpy(),
        native=native.numpy(),
        options=dict(method.options),
        layer=raw.layer,
        seed=subject.seed if raw.seeded else None,
        forwards=raw.forwards,
        backwards=raw.backwards,
        seconds=seconds,
        parts=tuple(HeatmapPart(name, one.detach().float().cpu().numpy()) for name, one in raw.parts.items()),
    )


def heatmap_key(case: Case, method: Plugin) -> dict[str, object]:
    """Return what one heatmap is made by."""
    return case.recipe.heatmap(case.prediction.target, method)
