"""The explanation network: its algebra, and that it comes back from its arrays."""

import numpy as np
import pytest
import torch

from gallery.errors import ShapeError
from gallery.explain.concepts.network import ExplanationNetwork, Shape, restored

INPUTS = torch.rand(50, 6, generator=torch.Generator().manual_seed(1))


def network(*, signed: bool = False) -> ExplanationNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = ExplanationNetwork(Shape(6, (5, 4), 3), scale=2.0, signed=signed)
    return made.eval().requires_grad_(requires_grad=False)


def test_the_prediction_is_the_sum_of_contributions_and_the_bias() -> None:
    net, x = network(), INPUTS
    e = net(x)
    weights = {name: torch.from_numpy(array) for name, array in net.arrays().items()}
    by_hand = x / 2
    for i in range(3):
        by_hand = (by_hand @ weights[f"encoder.{i}.weight"].T + weights[f"encoder.{i}.bias"]).relu()
    assert torch.allclose(e, by_hand)
    assert torch.allclose(net.predict(e), e @ net.last.weight[0] + net.last.bias)
    assert torch.allclose(net.contributions(e).sum(dim=1) + net.last.bias, net.predict(e), atol=1e-6)


def test_only_signed_inputs_have_signed_reconstructions() -> None:
    e = INPUTS[:, :3]
    assert float(network().decode(e).min()) >= 0
    assert float(network(signed=True).decode(e).min()) < 0


def test_a_network_comes_back_from_its_arrays_without_a_decoder() -> None:
    net, x = network(), INPUTS
    arrays = net.arrays()
    assert not [name for name in arrays if name.startswith("decoder")]
    assert torch.equal(restored(arrays)(x), net(x))


@pytest.mark.parametrize("change", ["last.weight", "encoder.1.bias", "scale"])
def test_arrays_that_do_not_fit_are_refused(change: str) -> None:
    arrays = network().arrays()
    missing = {name: value for name, value in arrays.items() if name != change}
    with pytest.raises(ShapeError, match=change.replace(".", r"\.")):
        restored(missing)
    with pytest.raises(ShapeError, match="shape"):
        restored(arrays | {"encoder.1.bias": np.zeros(9, np.float32)})
