"""A classifier whose probability is linear in the pixels kept, so that every curve is known."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gallery.measure._base import Measured
from tests import toy

WEIGHTS = torch.tensor([[0.4, 0.1, 0.0], [0.2, 0.0, 0.0], [0.3, 0.0, 0.0], [0.0, 0.0, 0.0]])
"""Probability each pixel of a 4 x 3 image is worth; together 1."""

MeasuredOf = Callable[..., Measured]


@pytest.fixture
def weights() -> Tensor:
    """What each pixel is worth."""
    return WEIGHTS.clone()


@pytest.fixture
def measured() -> MeasuredOf:
    """Return a map, measured on an image of ones by the linear scorer; more fields by name."""

    def make(
        values: Tensor, *, step_px: int = 1, p_full: float = 1.0, constant: float = 0.0, **more: object
    ) -> Measured:
        scorer = toy.LinearScorer(torch.ones(1, 3, 4, 3), WEIGHTS, constant)
        return Measured(values, p_full, scorer, step_px, **more)  # type: ignore[arg-type]

    return make
