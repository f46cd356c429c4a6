"""Structural explanations of a chunk of images: MSEs, attention graphs, necessity, robustness and the rest.

All images of a chunk advance in lock-step, so that batches stay full. Every stage starts from the scores the
search has stored, so that an interrupted build continues to the same bytes and asks nothing twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from gallery.config import SetSettings
from gallery.explain.graphs.attention_graph import attention_graph
from gallery.explain.heatmaps import _base as heatmaps
from gallery.explain.necessity import FoundNecessity, necessity
from gallery.explain.questions import draw_questions
from gallery.explain.search._base import SEARCHES, Found, FoundSet
from gallery.explain.search._diverse import largest_diverse, roots_for
from gallery.explain.what_if import TopUp, top_up
from gallery.interfaces import ResultT, ScoreSteps
from gallery.pipeline.case import Case
from gallery.pipeline.guides import guide_map
from gallery.pipeline.heatmaps import method_seed, subject_of
from gallery.pipeline.index import GraphBundle
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Made, guide_method, search_options
from gallery.pipeline.structural_records import necessity_record, search_record
from gallery.pipeline.variation import Variation
from gallery.pipeline.what_if import take_over, what_if_record
from gallery.records import (
    AttentionGraph,
    Necessity,
    Question,
    QuestionSet,
    Robustness,
    SearchResult,
    StoredScores,
    WhatIf,
)
from gallery.scoring.engine import Engine, Scorer
from gallery.store.store import RecordT, Store
from gallery.tensors import derive_seed

SELECTABLE = 300
"""MSEs among which diverse ones are selected."""


@dataclass(frozen=True)
class Kind(Generic[RecordT]):
    """One kind of result.

    Attributes:
        name: Of the folder in the store, and of the task when progress is told.
        record: Its type.
        key: Case -> key parts.
    """

    name: str
    record: type[RecordT]
    key: Callable[[Case], Made]


SEARCH = Kind("search", SearchResult, lambda case: case.recipe.search(case.prediction.target))
SCORES = Kind("scores", StoredScores, lambda case: case.recipe.search(case.prediction.target))
GRAPH = Kind("graph", GraphBundle, lambda case: case.recipe.graph(case.prediction.target))
NECESSITY = Kind("necessity", Necessity, lambda case: case.recipe.necessity(case.prediction.target))
ROBUSTNESS = Kind("robustness", Robustness, lambda case: case.recipe.robustness(case.prediction.target))
QUESTIONS = Kind("questions", QuestionSet, lambda case: case.recipe.questions(case.prediction.target))
WHAT_IF = Kind("what_if", WhatIf, lambda case: case.recipe.what_if(case.prediction.target))


class Structure:
    """The structural explanations of one classifier, one set, one store."""

    def __init__(
        self, settings: SetSettings, store: Store, reporter: Reporter, engine: Callable[[], Engine]
    ) -> None:
        """Prepare; ``engine`` is called once something has to be scored."""
        self.settings = settings
        self.store = store
        self.reporter = reporter
        self._engine = engine
        what_if = (self.what_if,) if settings.what_if.enabled else ()
        self.stages = (
            self.search, self.graph, self.necessity, self.robustness, self.questions, *what_if,
        )  # fmt: skip

    def search(self, cases: Sequence[Case]) -> None:
        """Find the MSEs, and keep every score on the way."""
        settings = self.settings.search
        options = search_options(self.settings)
        guided: dict[int, int] = {}

        def steps(case: Case, scorer: Scorer) -> ScoreSteps[Found]:
            ranking, guided[id(scorer)] = self.guide(case, scorer, options)
            call = SEARCHES[settings.method].call
            return call(case.mask_model.n_cells, case.threshold, ranking, **options)

        def record(case: Case, scorer: Scorer, found: Found, seconds: float) -> SearchResult:
            result = search_record(case, scorer, found, settings.method, options)
            self.store.put(SCORES.name, SCORES.key(case), scorer.table.stored(case.mask_model.n_cells))
            return replace(result, forwards=scorer.forwards + guided[id(scorer)], seconds=seconds)

        self._run(SEARCH, cases, steps, record, from_scores=False)

    def graph(self, cases: Sequence[Case]) -> None:
        """Choose diverse MSEs and build the attention graphs.

        Only the first ``SELECTABLE`` MSEs are looked at, which are the smallest: an exhaustive search may
        find thousands, and the largest selection of so many can take forever.
        """
        settings = self.settings.graph
        overlaps = sorted({*self.settings.search.overlaps, settings.overlap})

        def roots(case: Case) -> tuple[int, ...]:
            return roots_for(
                settings.selection, self._found(case)[:SELECTABLE], settings.overlap, settings.n_roots
            )

        def steps(case: Case, scorer: Scorer) -> ScoreSteps[AttentionGraph]:
            found = self._found(case)
            masks = [found[i].mask for i in roots(case)]
            return attention_graph(
                masks,
                case.prediction.p_full,
                p_low=settings.p_low,
                max_nodes=settings.max_nodes,
                max_children=settings.max_children,
            )

        def record(case: Case, scorer: Scorer, graph: AttentionGraph, seconds: float) -> GraphBundle:
            found = self._found(case)[:SELECTABLE]
            diverse = {str(t): largest_diverse(found, t) for t in overlaps}
            options = {**graph.options, **settings.model_dump(), "selectable": SELECTABLE}
            graph = replace(graph, options=options, forwards=scorer.forwards, seconds=seconds)
            return GraphBundle(diverse, roots(case), graph)

        self._run(GRAPH, cases, steps, record)

    def necessity(self, cases: Sequence[Case]) -> None:
        """Find what the predictions cannot do without."""
        settings = self.settings.necessity
        options = settings.model_dump(exclude={"p_break"})

        def steps(case: Case, scorer: Scorer) -> ScoreSteps[FoundNecessity]:
            masks = [one.mask for one in self._found(case)]
            threshold = settings.p_break * case.prediction.p_full
            return necessity(case.mask_model.n_cells, masks, threshold, **options)

        def record(case: Case, scorer: Scorer, found: FoundNecessity, seconds: float) -> Necessity:
            masks = [one.mask for one in self._found(case)]
            made = necessity_record(case, scorer, found, masks, settings)
            return replace(made, forwards=scorer.forwards, seconds=seconds)

        self._run(NECESSITY, cases, steps, record)

    def questions(self, cases: Sequence[Case]) -> None:
        """Draw and answer the held-out questions."""
        options = self.settings.questions.model_dump()

        def seed(case: Case) -> int:
            return derive_seed(self.settings.seed, case.card.digest, QUESTIONS.name)

        def steps(case: Case, scorer: Scorer) -> ScoreSteps[tuple[Question, ...]]:
            nodes = [node.mask for node in self._stored(case, GRAPH).graph.nodes]
            excluded = {*nodes, *(one.mask for one in self._found(case))}
            p_full = case.prediction.p_full
            return draw_questions(case.mask_model.n_cells, excluded, p_full, seed(case), **options)

        def record(
            case: Case, scorer: Scorer, questions: tuple[Question, ...], seconds: float
        ) -> QuestionSet:
            return QuestionSet(questions, seed(case), options, scorer.forwards, seconds)

        self._run(QUESTIONS, cases, steps, record)

    def what_if(self, cases: Sequence[Case]) -> None:
        """Score what readers may want to try, and list it with the scores there are."""
        options = self.settings.what_if.model_dump(exclude={"enabled"})

        def steps(case: Case, scorer: Scorer) -> ScoreSteps[TopUp]:
            graph = self._stored(case, GRAPH).graph
            take_over(scorer.table, graph, self._stored(case, NECESSITY), case.mask_model.full)
            mses = [one.mask for one in self._found(case)]
            nodes = [node.mask for node in graph.nodes]
            return top_up(case.mask_model.n_cells, mses, nodes, frozenset(scorer.table.exact), **options)

        def record(case: Case, scorer: Scorer, topped: TopUp, seconds: float) -> WhatIf:
            made = what_if_record(scorer.table, topped, case.mask_model.n_cells, options)
            return replace(made, forwards=scorer.forwards, seconds=seconds)

        self._run(WHAT_IF, cases, steps, record)

    def robustness(self, cases: Sequence[Case]) -> None:
        """Vary threshold, baseline and seed."""
        if todo := self._todo(ROBUSTNESS, cases):
            start = time.perf_counter()
            found = [self._found(case) for case in todo]
            records = Variation(self, self._engine(), self.settings).of(todo, found)
            seconds = (time.perf_counter() - start) / len(todo)
            for case, record in zip(todo, records, strict=True):
                self._put(ROBUSTNESS, case, replace(record, seconds=seconds), record.forwards)

    def as_found(self, case: Case) -> heatmaps.Structure:
        """Return the stored explanations and the graph of one image, for heatmaps made of them."""
        bundle, search = self._stored(case, GRAPH), self._stored(case, SEARCH)
        diverse = {int(overlap): chosen for overlap, chosen in bundle.diverse.items()}
        return heatmaps.Structure(replace(search, diverse=diverse, roots=bundle.roots), bundle.graph)

    # --- shared -------------------------------------------------------------------------------------------

    def _run(
        self,
        kind: Kind[RecordT],
        cases: Sequence[Case],
        steps: Callable[[Case, Scorer], ScoreSteps[ResultT]],
        record: Callable[[Case, Scorer, ResultT, float], RecordT],
        *,
        from_scores: bool = True,
    ) -> None:
        """Run one stage for the cases that lack its result, and store each result."""
        if not (todo := self._todo(kind, cases)):
            return
        start = time.perf_counter()
        scorers = [self.scorer(case, from_scores=from_scores) for case in todo]
        jobs = [(scorer, steps(case, scorer)) for case, scorer in zip(todo, scorers, strict=True)]
        results = self._engine().run(jobs)
        seconds = (time.perf_counter() - start) / len(todo)
        for case, scorer, result in zip(todo, scorers, results, strict=True):
            self._put(kind, case, record(case, scorer, result, seconds), scorer.forwards)

    def _put(self, kind: Kind[RecordT], case: Case, record: RecordT, forwards: int) -> None:
        self.store.put(kind.name, kind.key(case), record)
        self.reporter.advance(case.card.id, kind.name, forwards=forwards)

    def _todo(self, kind: Kind[RecordT], cases: Sequence[Case]) -> list[Case]:
        """Return the cases without a stored result, and count the others as done."""
        todo = []
        wanted: list[Kind[Any]] = [kind, SCORES] if kind is SEARCH else [kind]
        for case in cases:
            if any(self.store.get(one.name, one.key(case), one.record) is None for one in wanted):
                todo.append(case)
            else:
                self.reporter.advance(case.card.id, kind.name, stored=True)
        return todo

    def _stored(self, case: Case, kind: Kind[RecordT]) -> RecordT:
        return self.store.require(kind.name, kind.key(case), kind.record)

    def _found(self, case: Case) -> list[FoundSet]:
        mses = self._stored(case, SEARCH).mses
        return [FoundSet(mse.mask, mse.probability, mse.minimality) for mse in mses]

    def scorer(self, case: Case, *, from_scores: bool = True) -> Scorer:
        """Return a scorer of one image, with the scores of its search."""
        scorer = self._engine().scorer(case.inputs, case.prediction.target, case.mask_model)
        if from_scores:
            scorer.table.restore(self._stored(case, SCORES))
        return scorer

    def guide(
        self, case: Case, scorer: Scorer, options: dict[str, Any]
    ) -> tuple[tuple[float, ...] | None, int]:
        """Return the guide a search with these options needs, and the passes not counted by the scorer."""
        if (name := guide_method(options)) is None:
            return None, 0
        engine, before = self._engine(), scorer.forwards
        subject = subject_of(engine, case, scorer, method_seed(self.settings, case, name))
        values, forwards = guide_map(name, subject, scorer)
        return values, forwards - (scorer.forwards - before)
