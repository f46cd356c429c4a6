"""Passes of one fixed size: scores, gradients, padding, and the network left as found."""

import pytest
import torch
from torch import Tensor

from gallery.explain.heatmaps._passes import logit, passes_of, probability
from tests import toy
from tests.explain.heatmaps.masked import SIZE, nonlinear

INPUTS = torch.randn(7, 3, *SIZE, generator=torch.Generator().manual_seed(3))
TARGETS = [3, 1, 4, 1, 5, 9, 2]


@pytest.mark.parametrize("score", [probability, logit])
@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_scores_and_gradients_agree_with_float64_image_by_image(score: object, size: int) -> None:
    subject, twin = nonlinear(), toy.TwoConv().double()
    gradients: dict[int, Tensor] = {}
    with passes_of([subject], cpu=size, score=logit if score is logit else probability) as passes:
        plain = passes.scores(TARGETS, lambda i: INPUTS[i])
        scores = passes.scores(TARGETS, lambda i: INPUTS[i], gradients.__setitem__)
    assert torch.allclose(plain, scores, rtol=1e-6)
    assert list(gradients) == list(range(7))
    for i, target in enumerate(TARGETS):
        x = INPUTS[i : i + 1].double().requires_grad_()
        rows = twin(x) if score is logit else twin(x).softmax(dim=1)
        (wanted,) = torch.autograd.grad(rows[0, target], x)
        assert float(scores[i]) == pytest.approx(float(rows[0, target].detach()), rel=1e-5)
        assert torch.allclose(gradients[i].double(), wanted[0], rtol=1e-3, atol=1e-5)
        assert gradients[i].dtype == torch.float32


def test_every_pass_has_the_same_size_and_an_image_answers_the_same_wherever_it_sits() -> None:
    module = toy.Evidence(torch.rand(SIZE))
    subject = toy.subject_of(toy.toy(module, SIZE), torch.ones(1, 3, *SIZE))
    with passes_of([subject], cpu=4) as passes:
        together = passes.scores([0] * 7, lambda i: INPUTS[i])
        apart = [float(passes.scores([0], lambda _, i=i: INPUTS[i])) for i in range(7)]  # type: ignore[misc]
        assert passes.scores([], lambda i: INPUTS[i]).shape == (0,)
    assert together.tolist() == apart
    assert set(module.calls) == {4}
    assert len(module.calls) == 2 + 7


def test_the_network_is_frozen_while_lent_and_left_as_found() -> None:
    subject = nonlinear()
    module = subject.gradient_module
    module.train().requires_grad_()

    def lend_and_fail() -> None:
        with passes_of([subject]):
            assert not any(m.training for m in module.modules())
            assert not any(p.requires_grad for p in module.parameters())
            raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        lend_and_fail()
    assert all(m.training for m in module.modules())
    assert all(p.requires_grad for p in module.parameters())


def test_bfloat16_inputs_are_made_for_a_bfloat16_network() -> None:
    subject = nonlinear()
    subject.gradient_module = toy.TwoConv().bfloat16()
    subject.gradient_dtype = torch.bfloat16
    taken: list[Tensor] = []
    with passes_of([subject], cpu=2) as passes:
        low = passes.scores([1] * 3, lambda i: INPUTS[i], lambda _, gradient: taken.append(gradient))
    subject.gradient_module, subject.gradient_dtype = toy.TwoConv(), torch.float32
    with passes_of([subject], cpu=2) as passes:
        high = passes.scores([1] * 3, lambda i: INPUTS[i])
    assert {gradient.dtype for gradient in taken} == {torch.float32}
    assert torch.allclose(low, high, rtol=0.05)
