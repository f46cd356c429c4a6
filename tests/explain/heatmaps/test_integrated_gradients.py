"""Integrated gradients: exact on a linear logit against 0, completeness, and a fine sum in float64."""

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps import integrated_gradients as module
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.integrated_gradients import integrated_gradients
from tests import toy
from tests.explain.heatmaps import oracle

SIZE = (10, 13)


def curved(target: int = 1) -> Subject:
    return toy.subject_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE), target=target)


def twin(subject: Subject, n: int) -> Tensor:
    """Return the map in float64, by the midpoint rule with ``n`` points."""
    network, x = oracle.double(subject.classifier.module), subject.image.double()
    total = torch.zeros_like(x)
    for k in range(n):
        point = ((k + 0.5) / n * x).requires_grad_()
        total += torch.autograd.grad(network(point).softmax(dim=1)[0, subject.target], point)[0]
    return (x * total / n).sum(dim=1)[0]


@pytest.mark.parametrize("offset", [0.0, -6.0])
def test_linear_logits_share_out_the_probability_in_proportion(offset: float) -> None:
    # On the path the gradient of sigmoid(a) is w sigmoid'(a), and only the second factor changes.
    image = toy.image_of(SIZE)
    weights = torch.randn(SIZE, generator=torch.Generator().manual_seed(1))
    weights *= 4 / (weights * image[0].mean(dim=0)).sum()
    evidence = weights * image[0].mean(dim=0)
    gained = toy.sigmoid(offset + 4) - toy.sigmoid(offset)
    subject = toy.subject_of(toy.toy(toy.Evidence(weights, offset=offset), SIZE), image)
    native = integrated_gradients(subject).native
    torch.testing.assert_close(native, evidence / 4 * gained, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("target", [0, 5])
def test_equals_a_fine_sum_along_the_path(target: int) -> None:
    subject = curved(target)
    native = integrated_gradients(subject).native
    expected = twin(subject, 500)
    assert float((native - expected).abs().max()) < 0.01 * float(expected.abs().max())


def test_is_complete() -> None:
    subject = curved()
    raw = integrated_gradients(subject)
    network = subject.classifier.module
    with torch.no_grad():
        ends = torch.cat([torch.zeros_like(subject.image), subject.image])
        gained = network(ends).softmax(dim=1)[:, subject.target].diff()
    assert abs(float(gained)) > 0.001
    assert float(raw.native.sum()) == pytest.approx(float(gained), rel=0.01)
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (50, 50, None, False)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_points_may_be_taken_in_batches(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = integrated_gradients(curved(), n_steps=20).native
    monkeypatch.setattr(module, "BATCH", batch)
    torch.testing.assert_close(integrated_gradients(curved(), n_steps=20).native, whole)


def test_passes_are_counted() -> None:
    weights = torch.ones(SIZE)
    subject = toy.subject_of(toy.toy(toy.Evidence(weights), SIZE), toy.image_of(SIZE))
    raw = integrated_gradients(subject, n_steps=23)
    assert raw.forwards == subject.classifier.module.images


def test_points_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"methods\.integrated_gradients"):
        integrated_gradients(curved(), n_steps=0)
