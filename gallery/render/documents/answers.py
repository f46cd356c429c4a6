"""What explanations.json says about necessity, robustness, the held-out questions and sets to try."""

from typing import Any

from gallery.records import Float32, Necessity, QuestionSet, Robustness, WhatIf, cells_of
from gallery.render.documents.numbers import number


def necessity_document(necessity: Necessity) -> dict[str, Any]:
    """Return which patches the prediction cannot do without, as plain JSON values."""
    return {
        "threshold": number(necessity.threshold),
        "p_empty": number(necessity.p_empty),
        "deletion_sets": [
            {
                "cells": cells_of(one.mask),
                "probability": number(one.probability),
                "relative": number(one.relative),
                "minimality": one.minimality,
                "is_top": one.is_top,
                "hits": one.hits,
            }
            for one in necessity.deletion_sets
        ],
        "participation": _numbers(necessity.participation),
        "alone": _numbers(necessity.alone),
        "without": _numbers(necessity.without),
        "interactions": [
            {"first": one.first, "second": one.second, "value": number(one.value)}
            for one in necessity.interactions
        ],
        "options": dict(necessity.options),
        "note": necessity.note,
    }


def robustness_document(robustness: Robustness) -> dict[str, Any]:
    """Return how much of the answer hangs on threshold, baseline and chance, as plain JSON values."""
    return {
        "sweep": [
            {
                "p_high": number(row.p_high),
                "n_mses": row.n_mses,
                "smallest": row.smallest,
                "mean_size": _or_null(row.mean_size),
            }
            for row in robustness.sweep
        ],
        "cross_tests": [
            {
                "baseline": test.baseline,
                "p_empty": number(test.p_empty),
                "probabilities": [number(p) for p in test.probabilities],
                "n_sufficient": test.n_sufficient,
            }
            for test in robustness.cross_tests
        ],
        "agreements": [
            {
                "changed": one.changed,
                "n_mses": one.n_mses,
                "smallest": one.smallest,
                "n_same": one.n_same,
                "similarity": _or_null(one.similarity),
            }
            for one in robustness.agreements
        ],
        "options": dict(robustness.options),
    }


def questions_document(questions: QuestionSet) -> dict[str, Any]:
    """Return the held-out questions with their answers, as plain JSON values."""
    return {
        "seed": questions.seed,
        "options": dict(questions.options),
        "asked": [
            {
                "kind": one.kind,
                "first": cells_of(one.first),
                "second": cells_of(one.second),
                "p_first": number(one.p_first),
                "p_second": number(one.p_second),
            }
            for one in questions.questions
        ],
    }


def what_if_document(what_if: WhatIf | None) -> dict[str, Any] | None:
    """Return the patch sets for readers to try as plain JSON values, by hexadecimal bit mask."""
    if what_if is None:
        return None
    return {
        "sets": {f"{mask:x}": number(p) for mask, p in what_if.sets.items()},
        "n_known": what_if.n_known,
        "options": dict(what_if.options),
        "note": what_if.note,
    }


def _numbers(values: Float32) -> list[float]:
    return [number(value) for value in values.tolist()]


def _or_null(value: float | None) -> float | None:
    return None if value is None else number(value)
