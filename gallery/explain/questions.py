r"""Held-out questions about an image: does an explanation help to foresee what the classifier will do?

**The question.** Two sets of equally many patches are shown. Which of them leaves the classifier *less*
confident in the target class, if it alone is kept (kind "keep"), or if it is removed (kind "remove")? Whoever
answers sees an explanation of the image, a heatmap or a structured attention graph (SAG), and no scores of
the two sets. The share of right answers says how well the explanation lets one *simulate* the classifier.

**How questions are drawn,** for each image and each kind:

1. Random patch sets are drawn uniformly among all sets of a size; the sizes are 15, 30, 45 and 60 % of the
   patches in turn. No explanation has a say in it, so none is asked about its own favourites, and few sizes
   make many pairs of equal size, so the number of patches never gives the answer away. Together the two kinds
   show the classifier from 15 to 85 % of the image.
2. A set is drawn again if it was drawn before, or if the picture it makes is a node of the SAG or a minimal
   sufficient explanation: no right answer can be looked up.
3. Each set is scored once in float32, with the mask model printed on the page.
4. Two sets of equal size may be paired if their probabilities differ by at least a tenth (unless set
   otherwise) of the confidence in the whole image. Smaller differences would ask about noise.
5. The allowed pairs are ordered by their difference and cut into three bands of equal number: hard, medium,
   easy. Questions are taken from each band in turn, each time a pair whose sets were used least so far; a
   shuffle decides among equals. The mix of difficulties is thus that of all allowed pairs, and no single
   striking set decides many questions.
6. The order of the questions, and which of the two sets comes first, are drawn at random: position tells
   nothing, and guessing is right half of the time.

The draw depends on one seed, and is the same for every method. An image gives fewer questions, or none, where
too few pairs differ enough, for example where the classifier stays confident whatever is removed.

**What is not claimed.** This is not a human study: rules answer, not people, and a rule uses only part of
what people see in a picture. The truth is measured with the same masking that the searches and some heatmap
methods (RISE, I-GOS) use and others (Grad-CAM) never see, which favours the former. Questions about one image
share sets and a classifier's habits, so they are not independent: confidence intervals must be taken over
images. Random sets are scattered, not objects or parts; the result says nothing about such sets.
"""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import get_args

from gallery.errors import ConfigError
from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import Question, QuestionKind, mask_of

SHARES = (0.15, 0.3, 0.45, 0.6)
"""Sizes of the sets, as shares of all patches."""
BANDS = 3
"""Bands of difficulty."""
DRAWS = 20
"""Draws per set wanted, at most; small grids have too few sets."""


def draw_questions(  # noqa: PLR0913
    n_cells: int,
    excluded: Collection[int],
    p_full: float,
    seed: int,
    *,
    n_sets: int = 24,
    n_questions: int = 12,
    least_difference: float = 0.1,
) -> ScoreSteps[tuple[Question, ...]]:
    """Draw questions about one image; see the module for the protocol.

    Args:
        n_cells: Patches of the grid.
        excluded: Kept patch sets that must not be asked about: SAG nodes and MSEs.
        p_full: Probability of the target on the whole image.
        seed: Of every draw.
        n_sets: Sets scored for each kind.
        n_questions: Questions of each kind, at most.
        least_difference: Share of p_full by which the two probabilities differ at least. Sets with equal
            probabilities are never paired.

    Returns:
        The "keep" questions, then the "remove" questions.

    Raises:
        ConfigError: If a number is below 0.

    Cost:
        At most 2 * n_sets float32 scores.
    """
    if min(n_cells, n_sets, n_questions, least_difference) < 0:
        raise ConfigError("questions: n_sets, n_questions and least_difference must be >= 0.")
    draw = random.Random(seed)
    full = (1 << n_cells) - 1
    taken = set(excluded)
    kinds: tuple[QuestionKind, ...] = get_args(QuestionKind)
    sets = {kind: _draw_sets(n_cells, full if kind == "remove" else 0, taken, n_sets, draw) for kind in kinds}
    asked = {kind: [full & ~mask if kind == "remove" else mask for mask in sets[kind]] for kind in kinds}
    kept = [mask for kind in kinds for mask in asked[kind]]
    scores = (yield ScoreRequest(kept, exact=True)) if kept else []
    p = dict(zip(kept, scores, strict=True))
    questions: list[Question] = []
    for kind in kinds:
        scored = [_Scored(mask, p[seen]) for mask, seen in zip(sets[kind], asked[kind], strict=True)]
        pairs = _choose_pairs(scored, least_difference * p_full, n_questions, draw)
        questions += [_question(kind, scored[i], scored[j], draw) for i, j in pairs]
    return tuple(questions)


@dataclass(frozen=True)
class _Scored:
    """A set asked about, and the probability when it is kept or removed."""

    mask: int
    probability: float


def set_sizes(n_cells: int) -> list[int]:
    """Return the different sizes of the sets asked about, ascending; neither no patch nor all."""
    return sorted({size for share in SHARES if 0 < (size := max(1, round(share * n_cells))) < n_cells})


def _draw_sets(n_cells: int, flip: int, taken: set[int], n_sets: int, draw: random.Random) -> list[int]:
    """Return up to ``n_sets`` sets, sizes in turn, none of which makes a picture in ``taken``; extends it.

    ``mask ^ flip`` is the set kept.
    """
    sets: list[int] = []
    sizes = set_sizes(n_cells)
    for i in range(n_sets if sizes else 0):
        for _ in range(DRAWS):
            mask = mask_of(draw.sample(range(n_cells), sizes[i % len(sizes)]))
            if mask ^ flip not in taken:
                taken.add(mask ^ flip)
                sets.append(mask)
                break
    return sets


def _choose_pairs(
    scored: Sequence[_Scored], least: float, n_questions: int, draw: random.Random
) -> list[tuple[int, int]]:
    """Return pairs of indices into ``scored``: all bands of difficulty, every set as rarely as possible."""

    def difference(pair: tuple[int, int]) -> float:
        return abs(scored[pair[0]].probability - scored[pair[1]].probability)

    pairs = [
        (i, j)
        for i, j in combinations(range(len(scored)), 2)
        if scored[i].mask.bit_count() == scored[j].mask.bit_count() and difference((i, j)) >= least
    ]
    pairs = sorted(
        (pair for pair in pairs if difference(pair) > 0), key=lambda pair: (difference(pair), pair)
    )
    edges = [len(pairs) * band // BANDS for band in range(BANDS + 1)]
    bands = [pairs[low:high] for low, high in pairwise(edges)]
    for band in bands:
        draw.shuffle(band)
    draw.shuffle(bands)
    chosen: list[tuple[int, int]] = []
    use: Counter[int] = Counter()
    while len(chosen) < n_questions and any(bands):
        for band in filter(None, bands):
            # min takes the first of equals, and the band is shuffled.
            pair = min(band, key=lambda one: (max(use[one[0]], use[one[1]]), use[one[0]] + use[one[1]]))
            band.remove(pair)
            use.update(pair)
            chosen.append(pair)
    chosen = chosen[:n_questions]
    draw.shuffle(chosen)
    return chosen


def _question(kind: QuestionKind, one: _Scored, other: _Scored, draw: random.Random) -> Question:
    """Return the question with its two sets in random order."""
    first, second = (one, other) if draw.random() < 0.5 else (other, one)
    return Question(kind, first.mask, second.mask, first.probability, second.probability)
