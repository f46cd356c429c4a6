"""Shape checks, upsampling, seeds and the guard that puts a network back as it was."""

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ShapeError
from gallery.tensors import check_shape, derive_seed, generator, left_as_found, upsample


def test_shape_matches_numbers_and_letters() -> None:
    check_shape(torch.zeros(1, 3, 5, 7), "1 3 H W", "image")


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 3, 5), (1, 4, 5, 7), (1, 3, 0, 7), (1, 3, 5, 7, 1)])
def test_shape_that_differs_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"^image: expected shape \(1, 3, H, W\), got \("):
        check_shape(torch.zeros(shape), "1 3 H W", "image")


def test_upsampling_has_half_pixel_centres() -> None:
    # Pixel centres 0.25, 0.75, 1.25, 1.75 between cell centres 0.5 and 1.5; flat beyond the outer centres.
    assert upsample(torch.tensor([[[0.0, 1.0]]]), (1, 4)).flatten().tolist() == [0.0, 0.25, 0.75, 1.0]


def test_upsampling_to_the_same_size_changes_nothing() -> None:
    maps = torch.rand(2, 3, 5)
    assert upsample(maps, (3, 5)) is maps


def test_seeds_depend_on_every_part_and_fit_a_json_number() -> None:
    seeds = {
        derive_seed(0, "a", "b"),
        derive_seed(1, "a", "b"),
        derive_seed(0, "ab"),
        derive_seed(0, "a", "c"),
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**53 for seed in seeds)
    assert derive_seed(0, "a", "b") == 4289205486832314  # pinned: stored results are found by it


def test_generator_repeats_its_draw() -> None:
    assert torch.equal(torch.rand(3, generator=generator(7)), torch.rand(3, generator=generator(7)))


class Net(nn.Module):
    """A network with parameters, a buffer and a nested module."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.conv = nn.Conv2d(3, 2, 1)


def disturb(net: Net, *, fails: bool) -> None:
    """Change everything that is to be put back."""
    net.train()
    net.conv.weight.requires_grad_(False)
    assert net.norm.running_mean is not None
    net.norm.running_mean.requires_grad_()
    net.norm.weight.grad = torch.ones(3)
    net.conv.register_forward_hook(lambda *_: None)
    net.conv.register_forward_pre_hook(lambda *_: None)
    torch.rand(1)
    if fails:
        raise RuntimeError("boom")


@pytest.mark.parametrize("fails", [False, True])
def test_network_is_left_as_found(fails: bool) -> None:
    net = Net()
    net.eval()
    net.conv.train()
    kept: list[Tensor] = []
    net.norm.register_forward_hook(lambda *_: kept.append(torch.zeros(1)))
    gradient = torch.full((2,), 3.0)
    assert net.conv.bias is not None
    net.conv.bias.grad = gradient
    state = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="boom") if fails else nullcontext(), left_as_found(net):
        disturb(net, fails=fails)
    assert (net.training, net.norm.training, net.conv.training) == (False, False, True)
    assert net.conv.weight.requires_grad
    assert net.norm.running_mean is not None
    assert not net.norm.running_mean.requires_grad
    assert net.norm.weight.grad is None
    assert net.conv.bias.grad is gradient
    assert [len(m._forward_hooks) for m in (net, net.norm, net.conv)] == [0, 1, 0]
    assert not net.conv._forward_pre_hooks
    assert torch.equal(torch.get_rng_state(), state)
