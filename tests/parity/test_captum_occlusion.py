"""Raw occlusion maps against captum's."""

import math

import pytest
import torch

from gallery.explain.heatmaps.occlusion import occlusion
from tests import toy
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
captum = pytest.importorskip("captum.attr")


@pytest.mark.parametrize(
    ("name", "cells", "steps"),
    [
        ("two convolutions", 4, 2),
        ("two convolutions", 5, 1),
        ("first convolution", 3, 3),
        ("resnet18 layer4", 4, 2),
    ],
)
def test_occlusion_equals_captums(name: str, cells: int, steps: int) -> None:
    classifier, image, _ = oracle.CASES[name]()
    subject = toy.subject_of(classifier, image, target=1)
    mine = occlusion(subject, cells=cells, steps=steps).native
    side = math.ceil(min(image.shape[-2:]) / cells)
    stride = side // steps
    with torch.no_grad():
        theirs = captum.Occlusion(lambda x: classifier.module(x).softmax(dim=1)).attribute(
            image,
            sliding_window_shapes=(3, side, side),
            strides=(3, stride, stride),
            target=1,
            baselines=0.0,
            perturbations_per_eval=4,
        )
    # Both are differences of probabilities, in which float32 leaves some 1e-7.
    torch.testing.assert_close(mine.double(), theirs[0, 0].double(), rtol=1e-5, atol=3e-7)
    assert float(mine.abs().max()) > 1e-4
