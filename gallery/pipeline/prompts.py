"""What needed and precluded regions do: the image changed, explained again, and compared with itself.

An image with a region replaced by the set's own baseline is a case of its own, with keys of its own: the
prediction, the search and the heatmaps of it are made by the same stages as for any other image. Baseline,
superpixels, seeds and target stay those of the whole image, so that the region is all that differs.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from gallery.config import SetSettings
from gallery.explain.robustness import agreement
from gallery.measure._regions import positive_share
from gallery.perturbation import basis_of, bits_of, compose
from gallery.pipeline.case import Case, Marked, prediction_of
from gallery.pipeline.events import Events
from gallery.pipeline.heatmaps import Heatmaps, heatmap_key
from gallery.pipeline.index import PromptKeys
from gallery.pipeline.progress import Reporter
from gallery.pipeline.recipe import Made, Plugin
from gallery.pipeline.structure import SEARCH, Kind, Structure
from gallery.records import (
    Agreement,
    Change,
    Float32,
    Heatmap,
    Prediction,
    PromptedMap,
    PromptedMse,
    Prompts,
    SearchResult,
    Shares,
)
from gallery.scoring.engine import Engine
from gallery.store.keys import result_key
from gallery.store.store import Store
from gallery.survey.agreement import compare_maps

PROMPTS = Kind("prompts", Prompts, lambda case: case.recipe.prompts(case.prediction.target))
PROMPTED = "prompted"
NOTHING = Shares(None, None)
_STRUCTURAL = frozenset({"search", "graph"})
"""Maps made from these are not made again: they follow from a search, which is shown by itself."""


class Prompting:
    """The regions of the images of one classifier and one set."""

    def __init__(
        self,
        settings: SetSettings,
        store: Store,
        reporter: Reporter,
        engine: Callable[[], Engine],
        methods: Sequence[Plugin],
    ) -> None:
        """Prepare; ``engine`` is called once something has to be scored."""
        self.settings = settings
        self.store = store
        self.reporter = reporter
        self.methods = methods
        self._engine = engine
        # The stages that explain a changed image count as one unit of work together, so they are not heard.
        self._unheard = Events(lambda _: None, units=False)
        self._structure = Structure(settings, store, self._unheard, engine)

    def explain(self, cases: Sequence[Case]) -> None:
        """Compare every image that has regions with itself; the others are done at once."""
        for case in cases:
            stored, forwards = True, 0
            if case.marked is not None:
                prompts = self.store.get(PROMPTS.name, PROMPTS.key(case), Prompts)
                if prompts is None:
                    prompts, stored = self._prompts(case, case.marked), False
                    forwards = prompts.forwards
                made, passes = self._maps(case, case.marked)
                stored, forwards = stored and not made, forwards + passes
            self.reporter.advance(case.card.id, PROMPTS.name, forwards=forwards, stored=stored)

    def keys(self, case: Case) -> PromptKeys | None:
        """Return where the results are stored; None for an image without regions."""
        recipe, target = case.recipe, case.prediction.target
        if not recipe.needed and not recipe.precluded:
            return None
        changed = replace(case, recipe=recipe.changed("without_precluded"))
        searches = self.settings.prompts.search and bool(recipe.precluded)
        return PromptKeys(
            prompts=result_key(PROMPTS.name, PROMPTS.key(case)),
            search=result_key(SEARCH.name, changed.recipe.search(target)) if searches else "",
            maps={m.name: result_key(PROMPTED, self._map_key(case, m)) for m in self.methods},
            heatmaps={
                m.name: result_key("heatmap", heatmap_key(changed, m))
                for m in self.methods
                if self._is_made_again(case, m)
            },
        )

    # --- the changed image --------------------------------------------------------------------------------

    def _changed(self, case: Case, change: Change, keep: Float32) -> Case:
        """Return the image with the baseline where ``keep``, (H, W) in [0, 1], is 0, and its prediction."""
        recipe, inputs, said = case.recipe.changed(change), case.inputs, case.prediction
        tensor, baseline = torch.from_numpy(inputs.tensor), torch.from_numpy(inputs.baseline)
        made = compose(tensor, baseline, torch.from_numpy(keep)[None])
        key = recipe.prediction(said.target)
        prediction = self.store.get("prediction", key, Prediction)
        if prediction is None:
            engine = self._engine()
            probabilities = engine.probabilities(made.to(engine.device), exact=True)[0].cpu().numpy()
            names = engine.classifier.card.class_names
            prediction = prediction_of(said.target, probabilities, names)
            self.store.put("prediction", key, prediction)
        return replace(
            case,
            recipe=recipe,
            inputs=replace(inputs, tensor=made.numpy()),
            prediction=prediction,
            marked=None,
        )

    def _without(self, case: Case, marked: Marked) -> Case | None:
        """Return the image without its precluded region, or None if it has none in sight."""
        if marked.precluded is None:
            return None
        return self._changed(case, "without_precluded", 1 - marked.precluded)

    # --- prediction and explanations ----------------------------------------------------------------------

    def _prompts(self, case: Case, marked: Marked) -> Prompts:
        """Make and store what the regions do to the prediction and the explanations."""
        start = time.perf_counter()
        without = self._without(case, marked)
        predictions: dict[Change, Prediction] = {}
        if without is not None:
            predictions["without_precluded"] = without.prediction
        if marked.needed is not None:
            keeps: tuple[tuple[Change, Float32], ...] = (
                ("without_needed", 1 - marked.needed),
                ("only_needed", marked.needed),
            )
            predictions |= {change: self._changed(case, change, keep).prediction for change, keep in keeps}
        own = [one.mask for one in self.store.require(SEARCH.name, SEARCH.key(case), SearchResult).mses]
        agreed, retested, forwards, note = self._explained_again(own, without)
        prompts = Prompts(
            needed=marked.needed,
            precluded=marked.precluded,
            areas=_shares(torch.ones(case.inputs.tensor.shape[-2:]), marked),
            predictions=predictions,
            mses=tuple(
                PromptedMse(shares, probability)
                for shares, probability in zip(_kept_shares(case, own, marked), retested, strict=True)
            ),
            agreement=agreed,
            options=self.settings.prompts.model_dump(),
            forwards=len(predictions) + forwards,
            seconds=time.perf_counter() - start,
            note=" ".join(filter(None, (marked.note, note))),
        )
        self.store.put(PROMPTS.name, PROMPTS.key(case), prompts)
        return prompts

    def _explained_again(
        self, own: Sequence[int], without: Case | None
    ) -> tuple[Agreement | None, list[float | None], int, str]:
        """Search again, and score the explanations found on the whole image again, without a region.

        Returns:
            The second search against the first, a probability for each of ``own``, forward passes, a note.
        """
        if without is None:
            return None, [None] * len(own), 0, ""
        agreed, forwards, note = None, 0, ""
        searches = self.settings.prompts.search
        if searches and without.prediction.p_full <= 0:
            searches, note = False, "Without the precluded region, the class has probability 0: no search."
        if searches:
            self._structure.search([without])
            search = self.store.require(SEARCH.name, SEARCH.key(without), SearchResult)
            other = [one.mask for one in search.mses]
            agreed, forwards = agreement("without the precluded region", own, other), search.forwards
        scorer = self._structure.scorer(without, from_scores=searches)
        retested: list[float | None] = list(scorer.score(own, exact=True)) if own else []
        return agreed, retested, forwards + scorer.forwards, note

    # --- heatmaps -----------------------------------------------------------------------------------------

    def _maps(self, case: Case, marked: Marked) -> tuple[int, int]:
        """Compare and store every heatmap that is not; return how many were, and the passes they took."""
        todo = [m for m in self.methods if self._stored_map(case, m) is None]
        if not todo:
            return 0, 0
        again = [m for m in todo if self._is_made_again(case, m)]
        without = self._without(case, marked) if again else None
        after = {} if without is None else self._made_again(without, again)
        for method in todo:
            before = self.store.require("heatmap", heatmap_key(case, method), Heatmap)
            record = _compared(before, after.get(method.name), marked)
            self.store.put(PROMPTED, self._map_key(case, method), record)
        return len(todo), sum(heatmap.forwards for heatmap in after.values())

    def _made_again(self, without: Case, methods: Sequence[Plugin]) -> Mapping[str, Heatmap]:
        """Return the heatmaps of a changed image, by method."""
        heatmaps = Heatmaps(self.settings, self.store, self._unheard, self._engine, self._structure.as_found)
        found = {}
        for method in methods:
            heatmaps.explain(method, [without])
            found[method.name] = self.store.require("heatmap", heatmap_key(without, method), Heatmap)
        return found

    def _is_made_again(self, case: Case, method: Plugin) -> bool:
        """Return whether ``method`` explains the image without its precluded region, too."""
        wanted = self.settings.prompts.heatmaps
        if not case.recipe.precluded or wanted == "none" or _STRUCTURAL & method.uses:
            return False
        return wanted == "all" or "layer" in method.options  # only the CAM methods explain a layer

    def _map_key(self, case: Case, method: Plugin) -> Made:
        again = self._is_made_again(case, method)
        return case.recipe.prompted(case.prediction.target, method, again=again)

    def _stored_map(self, case: Case, method: Plugin) -> PromptedMap | None:
        return self.store.get(PROMPTED, self._map_key(case, method), PromptedMap)


def _compared(before: Heatmap, after: Heatmap | None, marked: Marked) -> PromptedMap:
    """Return where a heatmap lies, and how far it is the same without the precluded region."""
    shares = _shares(torch.from_numpy(before.values), marked)
    if after is None:
        return PromptedMap(shares, None, None)
    (correlation,) = compare_maps({"before": before.values, "after": after.values}).correlations
    return PromptedMap(shares, _shares(torch.from_numpy(after.values), marked), correlation)


def _shares(values: Tensor, marked: Marked) -> Shares:
    """Return how much of the positive part of a map, (H, W), lies in either region."""
    if not bool((values > 0).any()):
        return NOTHING
    planes = (marked.needed, marked.precluded)
    needed, precluded = (None if p is None else positive_share(values, torch.from_numpy(p)) for p in planes)
    return Shares(needed, precluded)


def _kept_shares(case: Case, masks: Sequence[int], marked: Marked) -> list[Shares]:
    """Return how much of what each patch set keeps lies in either region, patches soft as they were shown."""
    size = (case.inputs.tensor.shape[-2], case.inputs.tensor.shape[-1])
    segments = None if case.inputs.segments is None else torch.from_numpy(case.inputs.segments)
    basis = basis_of(case.mask_model, size, segments)
    kept = bits_of(list(masks), case.mask_model.n_cells) @ basis
    return [_shares(one.reshape(size), marked) for one in kept]
