"""Necessity, robustness, questions and sets to try of the synthetic set, true to its closed formula."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from gallery.records import (
    Agreement,
    CrossTest,
    DeletionSet,
    Explanation,
    Float32,
    Interaction,
    Necessity,
    Question,
    QuestionKind,
    QuestionSet,
    Robustness,
    SweepRow,
    WhatIf,
    cells_of,
    mask_of,
)

ScoreOne = Callable[[int], float]
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def make_necessity(
    score: ScoreOne, p_full: float, mses: Sequence[Explanation], weights: Float32
) -> Necessity:
    """Return what is necessary; ``score`` gives the probability of kept patches, ``weights`` ranks them."""
    n_cells = len(weights)
    full, threshold = (1 << n_cells) - 1, 0.9 * p_full
    order = [int(cell) for cell in np.argsort(-weights, kind="stable")]
    masks = [one.mask for one in mses]
    use = [sum(mask >> cell & 1 for mask in masks) for cell in range(n_cells)]
    leading = sorted(sorted(range(n_cells), key=lambda cell: (-use[cell], order.index(cell)))[:6])
    sets = [
        DeletionSet(
            mask=mask,
            probability=(p := score(full & ~mask)),
            relative=p / p_full,
            minimality="subset-minimal" if i % 2 else "1-minimal",
            is_top=p > 0.7,
            hits=max(0, sum(1 for one in masks if one & mask) - i % 2),  # no classifier is monotone
        )
        for i, mask in enumerate(_deletion_masks(score, full, threshold, order))
    ]
    interactions = [
        Interaction(
            a, b, score(1 << a | 1 << b) - score(1 << a) - score(1 << b) + score(0) + (-1) ** a * 0.02
        )
        for a, b in combinations(leading, 2)
    ]
    return Necessity(
        threshold=threshold,
        deletion_sets=tuple(sorted(sets, key=lambda s: (s.mask.bit_count(), s.probability, s.mask))),
        participation=(np.array(use) / max(len(masks), 1)).astype(np.float32),
        alone=np.array([score(1 << cell) for cell in range(n_cells)], dtype=np.float32),
        without=np.array([score(full & ~(1 << cell)) for cell in range(n_cells)], dtype=np.float32),
        p_empty=score(0),
        interactions=tuple(sorted(interactions, key=lambda one: (-abs(one.value), one.first, one.second))),
        options={"max_forwards": 300, "max_sets": 8, "p_break": 0.9, "pairs": 6},
        forwards=131,
        seconds=0.4,
        note="" if mses else "Stopped after 300 scored patch sets (max_forwards = 300).",
    )


def _deletion_masks(score: ScoreOne, full: int, threshold: float, order: Sequence[int]) -> list[int]:
    """Return a few minimal deletion sets: the strongest patches, each time without another one."""
    found: set[int] = set()
    for spared in (None, *order[:3]):
        removed = 0
        for cell in (cell for cell in order if cell != spared):
            removed |= 1 << cell
            if score(full & ~removed) < threshold:
                break
        else:
            continue
        for cell in reversed(order):
            if removed >> cell & 1 and score(full & ~(removed & ~(1 << cell))) < threshold:
                removed &= ~(1 << cell)
        found.add(removed)
    return sorted(found)


def make_robustness(
    score: ScoreOne, p_full: float, mses: Sequence[Explanation], *, again: bool
) -> Robustness:
    """Return a threshold sweep and cross tests; with ``again``, further searches too."""
    rows = []
    for share in THRESHOLDS:
        sizes = [one.mask.bit_count() + round(6 * (share - 0.9)) for one in mses]
        kept = sizes[: max(1, len(sizes) - round(40 * abs(share - 0.9)))] if sizes else []
        mean = sum(kept) / len(kept) if kept else None
        rows.append(SweepRow(share, len(kept), min(kept, default=None), mean))
    tests = [
        CrossTest(
            name,
            0.001,
            probabilities := tuple(score(one.mask) * factor for one in mses),
            sum(1 for p in probabilities if p >= 0.9 * p_full),
        )
        for name, factor in (("black", 0.96), ("mean", 1.0))
    ]
    agreements = (
        Agreement("baseline = black", 7, 3, 2, 0.61),
        Agreement("seed = 1", len(mses), 3 if mses else None, len(mses), 1.0 if mses else None),
    )
    return Robustness(
        sweep=tuple(rows),
        cross_tests=tuple(tests) if mses else (),
        agreements=agreements if again else (),
        options={"baselines": ["blur", "black", "mean"], "thresholds": list(THRESHOLDS)},
        forwards=240,
        seconds=0.6,
    )


def make_questions(score: ScoreOne, n_cells: int, seed: int, n_questions: int = 4) -> QuestionSet:
    """Return questions of both kinds about sets of equal size; the two answers differ."""
    rng = np.random.default_rng(seed)
    full = (1 << n_cells) - 1
    kinds: tuple[QuestionKind, ...] = ("keep", "remove")
    questions: list[Question] = []
    for kind in kinds:
        flip = full if kind == "remove" else 0
        while sum(one.kind == kind for one in questions) < n_questions:
            size = (7, 15, 22)[len(questions) % 3]
            first, second = (
                mask_of(int(cell) for cell in rng.choice(n_cells, size, replace=False)) for _ in range(2)
            )
            p_first, p_second = score(first ^ flip), score(second ^ flip)
            if abs(p_first - p_second) > 0.01:
                questions.append(Question(kind, first, second, p_first, p_second))
    return QuestionSet(
        tuple(questions), seed, {"least_difference": 0.01, "n_questions": n_questions, "n_sets": 24}, 48, 0.2
    )


def make_what_if(score: ScoreOne, n_cells: int, mses: Sequence[Explanation], nodes: Sequence[int]) -> WhatIf:
    """Return sets to try: nothing, all, single patches, single deletions, nodes, subsets of the MSEs."""
    full = (1 << n_cells) - 1
    cells = [1 << cell for cell in range(n_cells)]
    masks = {0, full, *cells, *(full & ~one for one in cells), *nodes}
    for mse in mses:
        kept = cells_of(mse.mask)
        masks |= {mask_of(chosen) for size in range(1, len(kept) + 1) for chosen in combinations(kept, size)}
    listed, width = sorted(masks), (n_cells + 7) // 8
    packed = bytearray(b"".join(mask.to_bytes(width, "little") for mask in listed))
    return WhatIf(
        masks=np.array(packed, dtype=np.uint8).reshape(len(listed), width),
        probabilities=np.array([score(mask) for mask in listed], dtype=np.float32),
        n_known=len(listed),
        options={"max_forwards": 300, "max_size": 8},
        forwards=57,
        seconds=0.3,
    )
