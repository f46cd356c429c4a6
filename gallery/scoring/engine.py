"""The masked-scoring engine: what does the classifier say about this image with these patches kept?

Everything that asks that question comes here: search, attention graphs, RISE, deletion and insertion. The
engine composes masked images as one matrix product, fills batches across images, screens in the fastest
precision, re-scores in float32 near thresholds and wherever a number is shown, and never scores the same
mask of the same image twice.

Passes have fixed sizes, so that no number depends on its neighbours in a batch: ``gallery.scoring.passes``.
Where the mask model drops tokens of a vision transformer, passes hold masks that keep equally many of them,
for the same reason: ``gallery.scoring.token_dropping``.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gallery.interfaces import Classifier, ScoreRequest, ScoreSteps
from gallery.lockstep import Lockstep
from gallery.perturbation import basis_of, bits_of, compose
from gallery.records import MaskModel, ModelInput
from gallery.scoring.passes import Passes
from gallery.scoring.table import ScoreTable
from gallery.scoring.token_dropping import TokenDropping, token_dropping
from gallery.scoring.tuning import Tuning

Layout = tuple[MaskModel, tuple[int, int], int | None]
"""Mask model, (height, width) of the input, and the identity of an image's own superpixels or None."""


class Scorer:
    """Scores masks of one image for one target class; create with ``Engine.scorer``."""

    def __init__(self, engine: "Engine", inputs: ModelInput, target: int, mask_model: MaskModel) -> None:
        self.table = ScoreTable()
        self.target = target
        self.mask_model = mask_model
        self.forwards = 0
        self.segments = None if inputs.segments is None else torch.from_numpy(inputs.segments)
        self.dropping = engine.dropping(mask_model)
        self._engine = engine
        self.image = torch.from_numpy(inputs.tensor).to(engine.device)
        self.baseline = torch.from_numpy(inputs.baseline).to(engine.device)

    def score(self, masks: Sequence[int], *, exact: bool, threshold: float | None = None) -> list[float]:
        """Return the target's probability for each bit mask; see ``ScoreRequest``."""
        return self._engine.answer([(self, ScoreRequest(masks, exact=exact, threshold=threshold))])[0]

    def score_soft(self, keep: Tensor, *, exact: bool, baseline: Tensor | None = None) -> Tensor:
        """Return probabilities for soft masks, which use the baseline in every mask model; not cached.

        Args:
            keep: (B, H, W) float32 in [0, 1], 1 = kept.
            exact: True for float32 passes.
            baseline: (1, 3, H, W) float32; the mask model's if None.

        Returns:
            (B,) float32 on the CPU.
        """
        base = self.baseline if baseline is None else baseline
        engine = self._engine

        def score(part: Tensor) -> Tensor:
            rows = engine.one_pass(compose(self.image, base, part.to(engine.device)), exact=exact)
            return rows[:, self.target].cpu()

        parts = engine.batched(keep, score, exact=exact)
        self.forwards += len(keep)
        return torch.cat(parts)

    @property
    def layout(self) -> Layout:
        """Patches and input size, which all images of one pass must share; superpixels are an image's own."""
        own = None if self.segments is None else id(self.segments)
        return self.mask_model, (self.image.shape[-2], self.image.shape[-1]), own

    def is_top(self, mask: int) -> bool:
        """Return whether the target is the most probable class under ``mask``."""
        # Asked in float32, which costs a pass if it has not been.
        self.score([mask], exact=True)
        return mask in self.table.top


class Engine(Passes):
    """One classifier, ready to score masked images of any number of photographs."""

    def __init__(self, classifier: Classifier, tuning: Tuning) -> None:
        """Prepare the network's copies: float32 for exact passes, ``tuning.precision`` for screening."""
        super().__init__(classifier, tuning)
        self._bases: dict[Layout, tuple[Tensor, Tensor | None]] = {}
        self._droppings: dict[MaskModel, TokenDropping] = {}

    def scorer(self, inputs: ModelInput, target: int, mask_model: MaskModel) -> Scorer:
        """Return a scorer for one image and target class with an empty table.

        Raises:
            ConfigError: If the mask model drops tokens and the classifier or the grid does not allow it.
        """
        return Scorer(self, inputs, target, mask_model)

    def dropping(self, mask_model: MaskModel) -> TokenDropping | None:
        """Return how tokens are dropped under ``mask_model``, or None if a baseline replaces patches.

        Raises:
            ConfigError: If tokens are to be dropped and the classifier or the grid does not allow it.
        """
        if mask_model.removal == "baseline":
            return None
        if mask_model not in self._droppings:
            self._droppings[mask_model] = token_dropping(self.classifier, mask_model)
        return self._droppings[mask_model]

    def run(self, jobs: Sequence[tuple[Scorer, ScoreSteps[Any]]]) -> list[Any]:
        """Advance many searches in lock-step, filling batches across images, and return their results.

        A search that raises ends the others too; callers that must not lose images run them in small groups.
        """
        steps = Lockstep([search for _, search in jobs])
        while steps.pending:
            answers = self.answer([(jobs[i][0], request) for i, request in steps.pending.items()])
            steps.send(dict(zip(steps.pending, answers, strict=True)))
        return steps.results

    def answer(self, requests: Sequence[tuple[Scorer, ScoreRequest]]) -> list[list[float]]:
        """Return the scores asked for, with as few forward passes as possible."""
        if self.screens_exactly:
            self._fill([(s, r.masks) for s, r in requests], exact=True)
        else:
            self._fill([(s, r.masks) for s, r in requests if not r.exact], exact=False)
            self._fill([(s, r.masks) for s, r in requests if r.exact], exact=True)
            # A re-scored mask may widen the doubt, which may put further masks in doubt.
            while doubtful := [(s, masks) for s, r in requests if (masks := s.table.doubtful(r))]:
                self._fill(doubtful, exact=True)
        return [[scorer.table.look_up(mask) for mask in request.masks] for scorer, request in requests]

    def _fill(self, wanted: Sequence[tuple[Scorer, Sequence[int]]], *, exact: bool) -> None:
        """Score every mask that is not in its table yet."""
        queues: dict[object, dict[tuple[Scorer, int], None]] = {}
        for scorer, masks in wanted:
            unknown = [(scorer, mask) for mask in masks if not scorer.table.knows(mask, exact=exact)]
            if scorer.dropping is None:
                queues.setdefault(scorer.layout, {}).update(dict.fromkeys(unknown))
                continue
            for pair in unknown:  # sequences of one length go together
                queues.setdefault((scorer.layout, pair[1].bit_count()), {})[pair] = None
        for queue in map(list, queues.values()):
            self.batched(queue, partial(self._score_batch, exact=exact), exact=exact)

    def _score_batch(self, queue: Sequence[tuple[Scorer, int]], *, exact: bool) -> None:
        """Score masks of one layout in one pass and file them in their tables."""
        n = len(queue)
        queue = [*queue, *[queue[-1]] * (self.pass_size(n, exact=exact) - n)]
        scorers = [scorer for scorer, _ in queue]
        rows = self._answers(scorers, [mask for _, mask in queue], exact=exact)
        index = torch.tensor([scorer.target for scorer in scorers], device=rows.device)
        values = rows.gather(1, index[:, None])[:n, 0].tolist()
        tops = (rows.argmax(dim=1) == index)[:n].tolist()
        self.n_forwards += n - len(queue)  # padding is not work anybody asked for
        for (scorer, mask), value, is_top in zip(queue[:n], values, tops, strict=True):
            scorer.forwards += 1
            if exact:
                scorer.table.record_exact(mask, value, is_top=is_top)
            else:
                scorer.table.screened[mask] = value

    def _answers(self, scorers: Sequence[Scorer], masks: list[int], *, exact: bool) -> Tensor:
        """Return the probabilities (B, K) of one full pass; masks of one layout, one for each scorer."""
        if len(set(scorers)) == 1:  # one image serves the whole pass: no copies
            image, baseline = scorers[0].image, scorers[0].baseline
        else:
            image = torch.cat([scorer.image for scorer in scorers])
            baseline = torch.cat([scorer.baseline for scorer in scorers])
        n_cells, size, dropping = scorers[0].mask_model.n_cells, scorers[0].layout[1], scorers[0].dropping
        if dropping is not None and (masks[0] or not dropping.needs_patches):
            kept = dropping.kept(masks, n_cells).to(self.device)
            x = image.expand(len(masks), -1, -1, -1)
            return self.one_pass(x, exact=exact, around=partial(dropping.only, kept=kept))
        keep = bits_of(masks, n_cells).to(self.device) @ self._basis(scorers[0])
        return self.one_pass(compose(image, baseline, keep.reshape(-1, *size)), exact=exact)

    def _basis(self, scorer: Scorer) -> Tensor:
        model, size, own = scorer.layout
        if scorer.layout not in self._bases:
            if own is not None:  # one image's superpixels serve no other: keep no more than one
                self._bases = {key: basis for key, basis in self._bases.items() if key[2] is None}
            basis = basis_of(model, size, scorer.segments).to(self.device)
            self._bases[scorer.layout] = (basis, scorer.segments)  # the segments too: an id is not used twice
        return self._bases[scorer.layout][0]
