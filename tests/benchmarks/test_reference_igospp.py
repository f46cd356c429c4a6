"""The iGOS++ timing baseline: what it spends, that it descends, and that it agrees with ours on a toy."""

import pytest
import torch

from gallery.explain.heatmaps.igos_plus_plus import igos_plus_plus
from tests import toy
from tests.benchmarks import reference_igospp
from tests.benchmarks.reference_igospp import TermByTerm, _gradient, explain_one_by_one
from tests.explain.heatmaps.masked import informative, nonlinear


def test_counts_every_pass_and_passes_the_points_of_one_term_together() -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    module = subject.classifier.module
    baseline = torch.zeros_like(subject.image)
    found = explain_one_by_one(module, subject.image, baseline, 0, size=6, iterations=3, path_points=4)
    assert set(module.calls) == {4}  # type: ignore[arg-type]
    assert found.forwards == int(module.images)  # type: ignore[arg-type]
    assert found.forwards == 16 * (3 + 3 + found.tried)
    assert found.backwards == 3 * 16
    assert found.seconds > 0
    assert 0 <= float(found.mask.min()) < float(found.mask.max()) <= 1


def test_same_seed_same_mask() -> None:
    subject = nonlinear()

    def run(seed: int) -> torch.Tensor:
        baseline = subject.scorer.baseline
        return explain_one_by_one(
            subject.classifier.module,
            subject.image,
            baseline,
            1,
            size=4,
            iterations=2,
            path_points=2,
            seed=seed,
        ).mask

    assert torch.equal(run(1), run(1))


def test_both_find_the_only_informative_region(monkeypatch: pytest.MonkeyPatch) -> None:
    # Weak penalties, as in the tests of ours, since the toy's probability on the whole image is 0.99.
    monkeypatch.setattr(reference_igospp, "L1", 0.1)
    monkeypatch.setattr(reference_igospp, "TV", 0.2)
    subject = informative((slice(4, 12), slice(10, 20)))
    module, baseline = subject.classifier.module, torch.zeros_like(subject.image)
    theirs = 1 - explain_one_by_one(module, subject.image, baseline, 0, size=6, path_points=4).mask
    ours = igos_plus_plus([subject], size=6, path_points=4, l1=0.1, tv=0.2)[0].native
    inside = torch.zeros(6, 6, dtype=torch.bool)
    inside[1:3, 3:6] = True
    for found in (theirs, ours):
        assert float(found[inside].mean()) > 0.9
        assert float(found[~inside].mean()) < 0.5


def test_gradient_halves_the_terms_and_not_the_penalties() -> None:
    # Without noise, on a toy whose loss is smooth: against differences of the two parts.
    subject = nonlinear()
    draw = torch.Generator().manual_seed(0)
    twin = toy.TwoConv().double()
    network = TermByTerm(twin, subject.image.double(), subject.scorer.baseline.double(), 1, 3, draw)
    masks = torch.rand(2, 1, 4, 4, generator=draw, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_igospp, "SIGMA", 0.0)
        gradient = _gradient(network, masks)
        for index in [(0, 0, 1, 2), (1, 0, 3, 3), (1, 0, 0, 1)]:
            step = torch.zeros_like(masks)
            step[index] = 1e-5
            with torch.no_grad():
                losses = [float(network.loss(m)) for m in (masks + step, masks - step)]
                penalties = [float(network.penalties(m[:1] * m[1:])) for m in (masks + step, masks - step)]
            whole, penalty = ((up - down) / 2e-5 for up, down in (losses, penalties))
            assert float(gradient[index]) == pytest.approx((whole - penalty) / 2 + penalty, rel=1e-5)
