"""Gradients of strided depthwise convolutions in bfloat16."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gallery.explain.heatmaps import _strided
from gallery.explain.heatmaps._strided import FastStrides

DRAW = torch.Generator().manual_seed(4)


def gradient_of(x: Tensor, layer: nn.Module, slope: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(layer(leaf), leaf, slope)
    return gradient


@pytest.mark.parametrize("side", [(17, 14), (16, 15)])
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "stride": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False},
        {"kernel_size": 5, "stride": (2, 1), "padding": (2, 0)},
        {"kernel_size": (3, 5), "stride": 3, "padding": (0, 4)},
        {"kernel_size": 3, "stride": 2, "padding": 2, "dilation": 2},
        {"kernel_size": 2, "stride": 4},
    ],
)
def test_gradient_agrees_with_float64(side: tuple[int, int], options: dict[str, Any]) -> None:
    layer = nn.Conv2d(6, 6, groups=6, **options).bfloat16().requires_grad_(requires_grad=False)
    x = torch.randn(2, 6, *side, generator=DRAW).bfloat16()
    slope = torch.randn(layer(x).shape, generator=DRAW).bfloat16()
    with FastStrides():
        fast = gradient_of(x, layer, slope)
    wanted = gradient_of(x.double(), layer.double(), slope.double())
    assert fast.dtype == torch.bfloat16
    assert torch.allclose(fast.double(), wanted, rtol=2**-7, atol=2**-7)


def calls(monkeypatch: pytest.MonkeyPatch, layer: nn.Module, x: Tensor) -> int:
    """Return how often ``layer`` takes the other way."""
    seen: list[object] = []
    plain = _strided._Depthwise.apply

    def counted(*args: Any) -> Any:  # noqa: ANN401
        seen.append(args)
        return plain(*args)

    monkeypatch.setattr(_strided._Depthwise, "apply", counted)
    with FastStrides():
        layer(x)
    return len(seen)


@pytest.mark.parametrize(
    ("options", "dtype", "taken"),
    [
        ({}, torch.bfloat16, 1),
        ({}, torch.float32, 0),
        ({"stride": 1}, torch.bfloat16, 0),
        ({"groups": 2}, torch.bfloat16, 0),
        ({"padding": 4}, torch.bfloat16, 0),
        ({"padding_mode": "reflect", "padding": 1}, torch.bfloat16, 1),
        ({"stride": 1, "padding": "same"}, torch.bfloat16, 0),
    ],
)
def test_only_such_layers_are_changed(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], dtype: torch.dtype, taken: int
) -> None:
    given = {"kernel_size": 3, "stride": 2, "groups": 6} | options
    layer = nn.Conv2d(6, 6, **given).to(dtype).requires_grad_(requires_grad=False)
    x = torch.randn(2, 6, 9, 9, generator=DRAW).to(dtype).requires_grad_()
    assert calls(monkeypatch, layer, x) == taken
    assert calls(monkeypatch, layer, x.detach()) == 0, "no gradient is asked for"
    assert calls(monkeypatch, layer.requires_grad_(), x) == 0, "weights would get no gradient"


def test_keywords_pass_through() -> None:
    weight = torch.ones(2, 1, 3, 3).bfloat16()
    x = torch.ones(1, 2, 5, 5).bfloat16().requires_grad_()
    with FastStrides():
        assert F.conv2d(x, weight, stride=(2, 2), groups=2).shape == (1, 2, 2, 2)
        assert float(x.detach().sum()) == 50
