"""Traversals against decoding by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from gallery.errors import ConfigError
from gallery.generative.attention import NormalLatents, latent_maps
from gallery.generative.localise import Subject
from gallery.generative.train import as_floats
from gallery.generative.traverse import traversals
from gallery.tensors import upsample
from tests.generative.small import stack, vae


def subject() -> Subject:
    model = vae().float().eval().requires_grad_(requires_grad=False)
    with torch.no_grad():
        first = model.unhidden[0]
        assert isinstance(first, nn.Linear)
        first.weight[:, 1] = 0  # latent 1 changes nothing
    return Subject(model, 0, NormalLatents(torch.zeros(3), torch.ones(3)))


def test_a_traversal_moves_one_latent_and_leaves_the_others() -> None:
    model, pixels = subject().model, stack(1).pixels
    made = traversals(subject(), pixels[0], (-2.0, 0.0, 2.0))
    assert made[-1].latent == 1
    assert made[-1].change == 0
    assert made[0].change >= made[1].change > 0
    mean, log_variance = (one[0] for one in model.encode(as_floats(pixels, "cpu")))
    prior, posterior = Normal(0.0, 1.0), Normal(mean, (0.5 * log_variance).exp())
    for one in made:
        latents = mean.clone()
        latents[one.latent] = 2.0
        expected = torch.sigmoid(model.decode(latents[None]))[0] * 255
        assert np.array_equal(one.pictures[2], expected.round().to(torch.uint8).numpy())
        assert one.here == pytest.approx(mean[one.latent].item())
        assert one.divergence == pytest.approx(kl_divergence(posterior, prior)[one.latent].item(), rel=1e-4)
        maps = upsample(latent_maps(model, as_floats(pixels, "cpu"), 0)[0], (16, 16))
        assert np.array_equal(one.attention, maps[one.latent].numpy())


def test_one_value_is_no_traversal() -> None:
    with pytest.raises(ConfigError, match="at least two values"):
        traversals(subject(), stack(1).pixels[0], (0.0,))
