"""The masked-scoring engine: what does the classifier say about this image with these patches kept?

Everything that asks that question comes here: search, attention graphs, RISE, deletion and insertion. The
engine composes masked images as one matrix product, fills batches across images, screens in the fastest
precision, re-scores in float32 near thresholds and wherever a number is shown, and never scores the same
mask of the same image twice.

The last bits of a result depend on how many images a pass holds. Float32 passes are therefore padded to one
fixed size with copies of their last image, and screening passes to a power of two. On one machine, no
number shown then depends on its neighbours in a batch or on its place in it, so an interrupted build
continues to the same bytes. (Tested on real networks. A network that ends in a few, say 3, classes may
still round by place in the batch.)

Where the mask model drops tokens of a vision transformer, passes hold masks that keep equally many of them,
for the same reason; see ``gallery.scoring.token_dropping``.

A pass that does not fit into memory is done again in halves, and so are all later ones of its kind. The last
bits may then differ from what one large pass gives, as they do between devices.
"""

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.interfaces import Classifier, ScoreRequest, ScoreSteps
from gallery.perturbation import basis_of, bits_of, compose
from gallery.records import MaskModel, ModelInput
from gallery.scoring.memory import free_cached_memory, is_out_of_memory
from gallery.scoring.table import ScoreTable
from gallery.scoring.token_dropping import TokenDropping, token_dropping
from gallery.scoring.tuning import Tuning, screening_copy

SMALLEST_BATCH = 4
LEAST_DOUBT = 0.25
"""Half-width, in log-odds, within which screening scores near a threshold are always re-scored."""
DOUBT = 2.0
"""The half-width grows to this many root-mean-square errors of screening, as seen on the image itself."""

AnswerT = TypeVar("AnswerT")
log = logging.getLogger(__name__)

Layout = tuple[MaskModel, tuple[int, int], int | None]
Around = Callable[[torch.nn.Module], AbstractContextManager[object]]


class Scorer:
    """Scores masks of one image for one target class; create with ``Engine.scorer``."""

    def __init__(self, engine: "Engine", inputs: ModelInput, target: int, mask_model: MaskModel) -> None:
        self.table = ScoreTable()
        self.target = target
        self.mask_model = mask_model
        self.forwards = 0
        self.errors: list[float] = []
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
        engine, parts, done = self._engine, [], 0

        def score(part: Tensor) -> Tensor:
            return engine.one_pass(compose(self.image, base, part.to(engine.device)), exact=exact)

        while done < len(keep):
            part = keep[done : done + engine.batch(exact=exact)]
            if (rows := engine.if_it_fits(partial(score, part), exact=exact)) is not None:
                parts.append(rows[:, self.target].cpu())
                done += len(part)
        self.forwards += len(keep)
        return torch.cat(parts)

    @property
    def layout(self) -> "Layout":
        """Patches and input size, which all images of one pass must share; superpixels are an image's own."""
        own = None if self.segments is None else id(self.segments)
        return self.mask_model, (self.image.shape[-2], self.image.shape[-1]), own

    @property
    def doubt(self) -> float:
        """Half-width, in log-odds, of the zone around a threshold where screening scores do not decide."""
        if not self.errors:
            return LEAST_DOUBT
        return max(LEAST_DOUBT, DOUBT * math.sqrt(sum(e * e for e in self.errors) / len(self.errors)))

    def known(self, mask: int, *, exact: bool) -> bool:
        """Return whether ``mask`` needs no forward pass."""
        return mask in self.table.exact or (not exact and mask in self.table.screened)

    def is_top(self, mask: int) -> bool:
        """Return whether the target is the most probable class under ``mask``."""
        # Asked in float32, which costs a pass if it has not been.
        self.score([mask], exact=True)
        return mask in self.table.top

    def look_up(self, mask: int) -> float:
        """Return the best score known for ``mask``: exact if there is one."""
        return self.table.exact[mask] if mask in self.table.exact else self.table.screened[mask]


class Engine:
    """One classifier, ready to score masked images of any number of photographs."""

    def __init__(self, classifier: Classifier, tuning: Tuning) -> None:
        """Prepare the network's copies: float32 for exact passes, ``tuning.precision`` for screening."""
        torch.backends.cudnn.allow_tf32 = False  # "exact" must mean float32 on a GPU too
        torch.backends.cuda.matmul.allow_tf32 = False
        self.classifier = classifier
        self.tuning = self._chosen = tuning
        self.device = classifier.device
        self.n_forwards = 0
        self._exact = screening_copy(classifier.module, "float32")
        same = tuning.precision == "float32"
        self._screen = self._exact if same else screening_copy(classifier.module, tuning.precision)
        self._bases: dict[Layout, tuple[Tensor, Tensor | None]] = {}
        self._droppings: dict[MaskModel, TokenDropping] = {}

    @property
    def screens_exactly(self) -> bool:
        """Whether screening passes are float32 already."""
        return self._screen is self._exact

    @property
    def screen_module(self) -> torch.nn.Module:
        """The network in screening precision, for methods that need many passes with gradients."""
        return self._screen

    @property
    def screen_dtype(self) -> torch.dtype:
        """Input dtype of ``screen_module``."""
        return torch.float32 if self.screens_exactly else torch.bfloat16

    def batch(self, *, exact: bool) -> int:
        """Return how many images one pass takes."""
        return self.tuning.exact_batch if exact else self.tuning.batch

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

    def probabilities(self, x: Tensor, *, exact: bool) -> Tensor:
        """Return softmax probabilities (B, K) float32 for normalised inputs (B, 3, H, W).

        Args:
            x: Inputs.
            exact: True for float32 passes.

        Raises:
            ClassifierError: If the network returns NaN or infinity, or not even one image fits into memory.
        """
        rows: list[Tensor] = []
        done = 0
        while done < len(x):
            part = x[done : done + self.batch(exact=exact)]
            found = self.if_it_fits(partial(self.one_pass, part, exact=exact), exact=exact)
            if found is not None:
                rows.append(found)
                done += len(part)
        return torch.cat(rows)

    def one_pass(self, x: Tensor, *, exact: bool, around: Around = nullcontext) -> Tensor:
        """Return the same for one pass, B <= batch size.

        Args:
            x: Inputs.
            exact: True for a float32 pass.
            around: Makes of the network the context its pass runs in.

        Raises:
            ClassifierError: If the network returns NaN or infinity.
        """
        n = len(x)
        module, dtype = (self._exact, torch.float32) if exact else (self._screen, self.screen_dtype)
        with torch.inference_mode():
            padded = _padded(x, self._pass_size(n, exact=exact)).to(dtype)
            with around(module):
                logits = module(padded.contiguous(memory_format=torch.channels_last))[:n]
            result: Tensor = logits.float().softmax(dim=1)
        if not bool(torch.isfinite(result).all()):
            raise ClassifierError(
                f"{self.classifier.card.id}: the classifier returned NaN or infinity for a masked image; "
                "check its weights and its mean and std."
            )
        self.n_forwards += n
        return result

    def if_it_fits(self, work: Callable[[], AnswerT], *, exact: bool) -> AnswerT | None:
        """Return what ``work`` returns, or None if it runs out of memory: then the batch size is halved.

        Raises:
            ClassifierError: If the batch size is one already.
        """
        try:
            return work()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._halve(exact=exact, reason=str(error).partition("\n")[0])
        free_cached_memory()  # here, where the error no longer holds on to what it could not finish
        return None

    def _halve(self, *, exact: bool, reason: str) -> None:
        before = self.batch(exact=exact)
        name = self.classifier.card.title
        if before == 1:
            self.tuning = self._chosen  # this image is to blame, not the batch size
            raise ClassifierError(
                f"{name}: not even one image fits into the memory of {self.device} ({reason}). Free memory "
                "there, or choose another device or a smaller network."
            )
        after = before // 2
        self.tuning = replace(self.tuning, exact_batch=after) if exact else replace(self.tuning, batch=after)
        log.warning("%s: %d images at a time do not fit into memory; going on with %d.", name, before, after)

    def run(self, jobs: Sequence[tuple[Scorer, ScoreSteps[Any]]]) -> list[Any]:
        """Advance many searches in lock-step, filling batches across images, and return their results.

        A search that raises ends the others too; callers that must not lose images run them in small groups.
        """
        results: dict[int, Any] = {}
        pending: dict[int, ScoreRequest] = {}
        for i, (_, steps) in enumerate(jobs):
            _advance(i, steps, None, pending, results)
        while pending:
            order = sorted(pending)
            answers = self.answer([(jobs[i][0], pending[i]) for i in order])
            pending = {}
            for i, scores in zip(order, answers, strict=True):
                _advance(i, jobs[i][1], scores, pending, results)
        return [results[i] for i in range(len(jobs))]

    def answer(self, requests: Sequence[tuple[Scorer, ScoreRequest]]) -> list[list[float]]:
        """Return the scores asked for, with as few forward passes as possible."""
        if self.screens_exactly:
            self._fill([(s, r.masks) for s, r in requests], exact=True)
        else:
            self._fill([(s, r.masks) for s, r in requests if not r.exact], exact=False)
            self._fill([(s, r.masks) for s, r in requests if r.exact], exact=True)
            # A re-scored mask may widen the doubt, which may put further masks in doubt.
            while doubtful := [(s, masks) for s, r in requests if (masks := _doubtful(s, r))]:
                self._fill(doubtful, exact=True)
        return [[scorer.look_up(mask) for mask in request.masks] for scorer, request in requests]

    def _fill(self, wanted: Sequence[tuple[Scorer, Sequence[int]]], *, exact: bool) -> None:
        """Score every mask that is not in its table yet."""
        queues: dict[object, dict[tuple[Scorer, int], None]] = {}
        for scorer, masks in wanted:
            unknown = [(scorer, mask) for mask in masks if not scorer.known(mask, exact=exact)]
            if scorer.dropping is None:
                queues.setdefault(scorer.layout, {}).update(dict.fromkeys(unknown))
                continue
            for pair in unknown:  # sequences of one length go together
                queues.setdefault((scorer.layout, pair[1].bit_count()), {})[pair] = None
        for queue in map(list, queues.values()):
            done = 0
            while done < len(queue):
                part = queue[done : done + self.batch(exact=exact)]
                done += self.if_it_fits(partial(self._score_batch, part, exact=exact), exact=exact) or 0

    def _score_batch(self, queue: Sequence[tuple[Scorer, int]], *, exact: bool) -> int:
        """Score masks of one layout in one pass, file them in their tables and return how many."""
        n = len(queue)
        queue = [*queue, *[queue[-1]] * (self._pass_size(n, exact=exact) - n)]
        scorers = [scorer for scorer, _ in queue]
        rows = self._answers(scorers, [mask for _, mask in queue], exact=exact)
        index = torch.tensor([scorer.target for scorer in scorers], device=rows.device)
        values = rows.gather(1, index[:, None])[:n, 0].tolist()
        tops = (rows.argmax(dim=1) == index)[:n].tolist()
        self.n_forwards += n - len(queue)  # padding is not work anybody asked for
        for (scorer, mask), value, is_top in zip(queue[:n], values, tops, strict=True):
            scorer.forwards += 1
            if exact:
                _record_exact(scorer, mask, value, is_top=is_top)
            else:
                scorer.table.screened[mask] = value
        return n

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

    def _pass_size(self, n: int, *, exact: bool) -> int:
        """Return how many images a pass of ``n`` is padded to."""
        least = self.tuning.exact_batch if exact else min(SMALLEST_BATCH, self.tuning.batch)
        return max(least, 1 << (n - 1).bit_length())


def log_odds(p: float) -> float:
    """Return log(p / (1 - p)), with p kept inside [1e-7, 1 - 1e-7]."""
    p = min(max(p, 1e-7), 1 - 1e-7)
    return math.log(p / (1 - p))


def _record_exact(scorer: Scorer, mask: int, value: float, *, is_top: bool) -> None:
    """Store a float32 score, and how far off screening was."""
    scorer.table.exact[mask] = value
    if is_top:
        scorer.table.top.add(mask)
    if mask in scorer.table.screened:
        scorer.errors.append(log_odds(scorer.table.screened[mask]) - log_odds(value))


def _doubtful(scorer: Scorer, request: ScoreRequest) -> list[int]:
    """Return the masks whose screening score is too near the threshold to decide."""
    if request.threshold is None or request.exact:
        return []
    edge, doubt = log_odds(request.threshold), scorer.doubt
    undecided = [m for m in request.masks if m not in scorer.table.exact]
    return [m for m in undecided if abs(log_odds(scorer.table.screened[m]) - edge) <= doubt]


def _padded(x: Tensor, size: int) -> Tensor:
    """Repeat the last image of a batch until there are ``size``."""
    missing = size - len(x)
    return torch.cat([x, x[-1:].expand(missing, -1, -1, -1)]) if missing else x


def _advance(
    i: int,
    steps: ScoreSteps[Any],
    scores: list[float] | None,
    pending: dict[int, ScoreRequest],
    results: dict[int, Any],
) -> None:
    """Send ``scores`` to a search and file its next request, or its result if it has finished."""
    try:
        pending[i] = next(steps) if scores is None else steps.send(scores)
    except StopIteration as finished:
        results[i] = finished.value
