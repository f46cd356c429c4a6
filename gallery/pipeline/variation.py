"""How much of the MSEs hangs on threshold, baseline and chance: the searches' answers, varied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from gallery.config import SetSettings
from gallery.explain.robustness import agreement, cross_test, sweep
from gallery.explain.search._base import SEARCHES, FoundSet
from gallery.interfaces import ScoreSteps
from gallery.perturbation import make_baseline
from gallery.pipeline.case import Case
from gallery.pipeline.recipe import search_options
from gallery.records import Agreement, CrossTest, Robustness, SweepRow
from gallery.scoring.engine import Engine, Scorer


class Shared(Protocol):
    """What variations need of the stages around them."""

    def scorer(self, case: Case) -> Scorer:
        """Return a scorer of one image, with the scores of its search."""

    def guide(
        self, case: Case, scorer: Scorer, options: dict[str, Any]
    ) -> tuple[tuple[float, ...] | None, int]:
        """Return the guide a search needs, and the passes not counted by the scorer."""


class Variation:
    """Varies the searches of one classifier and one set."""

    def __init__(self, shared: Shared, engine: Engine, settings: SetSettings) -> None:
        self.shared = shared
        self.engine = engine
        self.settings = settings

    def of(self, cases: Sequence[Case], found: Sequence[Sequence[FoundSet]]) -> list[Robustness]:
        """Return the robustness of the MSEs found in several images; ``seconds`` is the caller's to fill."""
        varied = [
            _Varied(case, self.shared.scorer(case), sets) for case, sets in zip(cases, found, strict=True)
        ]
        thresholds = sorted(set(self.settings.robustness.thresholds))
        budget = self.settings.robustness.max_forwards
        jobs: list[tuple[Scorer, ScoreSteps[Any]]] = []
        for one in varied:
            scores = {**one.scorer.table.screened, **one.scorer.table.exact}
            steps = sweep(
                scores, one.case.prediction.p_full, thresholds, known=one.masks, max_forwards=budget
            )
            jobs.append((one.scorer, steps))
        for one, rows in zip(varied, self.engine.run(jobs), strict=True):
            one.sweep = rows
        self._cross_test(varied)
        self._search_again(varied)
        return [one.record(self.settings) for one in varied]

    def _cross_test(self, varied: Sequence["_Varied"]) -> None:
        """Score the MSEs under the other baselines."""
        own = self.settings.perturbation.baseline
        jobs, places = [], []
        for one in varied:
            for name in dict.fromkeys(self.settings.robustness.baselines):
                if name != own and one.masks:
                    scorer = self._under(one.case, name)
                    jobs.append((scorer, cross_test(name, one.masks, one.case.threshold)))
                    places.append((one, scorer))
        for (one, scorer), result in zip(places, self.engine.run(jobs), strict=True):
            one.cross_tests.append(result)
            one.forwards += scorer.forwards

    def _search_again(self, varied: Sequence["_Varied"]) -> None:
        """Run the whole search with another baseline or seed."""
        options = search_options(self.settings)
        call = SEARCHES[self.settings.search.method].call
        jobs, places = [], []
        for one in varied:
            for what, value in self._changes(options):
                is_seed = what == "seed"
                scorer = self.shared.scorer(one.case) if is_seed else self._under(one.case, str(value))
                changed = {**options, "seed": value} if is_seed else options
                ranking, passes = self.shared.guide(one.case, scorer, options)
                one.forwards += passes
                cells = one.case.mask_model.n_cells
                jobs.append((scorer, call(cells, one.case.threshold, ranking, **changed)))
                places.append((one, scorer, f"{what} = {value}"))
        for (one, scorer, text), found in zip(places, self.engine.run(jobs), strict=True):
            one.agreements.append(agreement(text, one.masks, [other.mask for other in found.sets]))
            one.forwards += scorer.forwards

    def _changes(self, options: dict[str, Any]) -> list[tuple[str, str | int]]:
        """Return what is changed for further searches, one thing at a time."""
        settings, own = self.settings.robustness, self.settings.perturbation.baseline
        baselines = [name for name in dict.fromkeys(settings.search_baselines) if name != own]
        seeds = [seed for seed in dict.fromkeys(settings.search_seeds) if seed != options.get("seed", seed)]
        return [*(("baseline", name) for name in baselines), *(("seed", seed) for seed in seeds)]

    def _under(self, case: Case, baseline: str) -> Scorer:
        """Return a scorer of one image under another baseline."""
        engine, image = self.engine, torch.from_numpy(case.inputs.tensor)
        replaced = make_baseline(baseline, image, engine.classifier.card.preprocessing).numpy()
        model = replace(case.mask_model, baseline=baseline)  # type: ignore[arg-type]
        return engine.scorer(replace(case.inputs, baseline=replaced), case.prediction.target, model)


@dataclass
class _Varied:
    """One image while threshold, baseline and seed are varied."""

    case: Case
    scorer: Scorer
    found: Sequence[FoundSet]

    def __post_init__(self) -> None:
        self.masks = [one.mask for one in self.found]
        self.sweep: tuple[SweepRow, ...] = ()
        self.cross_tests: list[CrossTest] = []
        self.agreements: list[Agreement] = []
        self.forwards = 0

    def record(self, settings: SetSettings) -> Robustness:
        """Return what is stored."""
        self.forwards += self.scorer.forwards
        return Robustness(
            sweep=self.sweep,
            cross_tests=tuple(self.cross_tests),
            agreements=tuple(self.agreements),
            options=settings.robustness.model_dump(),
            forwards=self.forwards,
            seconds=0.0,
        )
