"""Attention from a latent, and from how far a picture's latents lie from those of normal pictures.

With feature maps A_k (h x w, after the ReLU) of an encoder layer and a latent z_i, the paper's attention is

    alpha_ik = (1 / hw) sum_pq d z_i / d A_k^pq,    M_i = ReLU(sum_k alpha_ik A_k),    M = mean_i M_i.

Anomaly attention takes, in place of z, a sample u of the normal difference distribution: with mean and
variance m_x, v_x of a latent over normal pictures and m_y, v_y of the picture in question,

    u ~ N(m_x - m_y, v_x + v_y).

The paper does not say how u depends on the maps; we read it as reparameterised, u = m_x - m_y + eps
sqrt(v_x + v_y) with m_y and v_y functions of the maps. As u falls where m_y rises, its rectified maps show
what pulls latents *down*; ``absolute`` takes |u| instead, whose maps show what takes latents away from
normal in either direction.

``released_code`` is what the authors' published code does instead of the formulas: the sum of all posterior
means is propagated back once, to the maps *before* the ReLU, the gradient is divided by its root mean
square over the batch, and the absolute value of the one combined map is taken. Reference: Liu et al.,
arXiv:1911.07389.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from gallery.errors import ShapeError
from gallery.generative.model import ConvVAE
from gallery.tensors import upsample

_RMS_FLOOR = 1e-5
"""Added to the root mean square, as in the published code."""


@dataclass(frozen=True)
class NormalLatents:
    """The latents of normal pictures taken together.

    Attributes:
        mean: (D,) float32.
        variance: (D,) float32, of the aggregate posterior: mean of the variances + variance of the means.
    """

    mean: Tensor
    variance: Tensor


def aggregate(means: Tensor, log_variances: Tensor) -> NormalLatents:
    """Return the moments of the mixture of all posteriors, given as (N, D) each.

    Raises:
        ShapeError: If there is no posterior.
    """
    if not len(means):
        raise ShapeError("latents of normal pictures: there are none. Train on at least one picture.")
    m, v = means.double(), log_variances.double().exp()
    variance = v.mean(dim=0) + m.var(dim=0, unbiased=False)
    return NormalLatents(m.mean(dim=0).float(), variance.float())


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Return samples mean + exp(log_variance / 2) * noise, (B, D)."""
    return mean + torch.exp(0.5 * log_variance) * noise


def rectified_maps(
    values: Tensor, features: Tensor, latents: Sequence[int], *, create_graph: bool = False
) -> Tensor:
    """Return M_i for some of the columns of ``values``.

    Args:
        values: (B, D), a function of ``features``; row b may depend on ``features[b]`` only.
        features: (B, K, h, w) with a gradient.
        latents: Columns.
        create_graph: True if the maps shall be differentiated: alpha then is a function of the weights, too.

    Returns:
        (B, len(latents), h, w), non-negative, not normalised.

    Cost:
        One backward pass from ``values`` to ``features`` per column.
    """
    return relu(weighted_maps(values, features, latents, create_graph=create_graph))


def weighted_maps(
    values: Tensor, features: Tensor, latents: Sequence[int], *, create_graph: bool = False
) -> Tensor:
    """Return what ``rectified_maps`` rectifies: sum_k alpha_ik A_k, linear in the gradient of ``values``."""
    maps = []
    for i in latents:
        (gradient,) = torch.autograd.grad(
            values[:, i].sum(), features, create_graph=create_graph, retain_graph=True
        )
        alpha = gradient.mean(dim=(2, 3), keepdim=True)
        maps.append((alpha * features).sum(dim=1))
    return torch.stack(maps, dim=1)


@torch.enable_grad()
def latent_maps(model: ConvVAE, pictures: Tensor, layer: int, noise: Tensor | None = None) -> Tensor:
    """Return the attention map of every latent, (B, D, h, w), detached.

    Args:
        model: Its parameters need no gradients.
        pictures: (B, C, H, W) float32 in [0, 1].
        layer: Of the encoder, from 0.
        noise: (B, D); the latents are sampled with it. None for the posterior mean.
    """
    features, mean, log_variance = _entered(model, pictures, layer)
    z = mean if noise is None else reparameterise(mean, log_variance, noise)
    return rectified_maps(z, features, range(z.shape[1])).detach()


def attention(model: ConvVAE, pictures: Tensor, layer: int, noise: Tensor | None = None) -> Tensor:
    """Return the mean of the maps of all latents, upsampled to the pictures, (B, H, W)."""
    maps = latent_maps(model, pictures, layer, noise).mean(dim=1)
    return upsample(maps, _size(pictures))


@torch.enable_grad()
def anomaly_attention(
    model: ConvVAE,
    pictures: Tensor,
    layer: int,
    normal: NormalLatents,
    noise: Tensor,
    *,
    absolute: bool = False,
) -> Tensor:
    """Return the attention of samples of the normal difference distribution, averaged, (B, H, W).

    Args:
        model: Its parameters need no gradients.
        pictures: (B, C, H, W) float32 in [0, 1].
        layer: Of the encoder, from 0.
        normal: Latents of the normal pictures.
        noise: (S, B, D), standard normal: S samples of u for each picture.
        absolute: Take |u| in place of u (our reading, see the module).

    Cost:
        One forward and 2 D backward passes, whatever S: alpha is linear in the gradient, so that of a sample
        is made of those of mean and spread.
    """
    features, mean, log_variance = _entered(model, pictures, layer)
    spread = torch.sqrt(normal.variance + log_variance.exp())
    latents = range(mean.shape[1])
    of_mean, of_spread = (weighted_maps(values, features, latents).detach() for values in (-mean, spread))
    total = torch.zeros_like(of_mean[:, 0])
    for eps in noise:
        maps = of_mean + eps[:, :, None, None] * of_spread
        if absolute:
            u = normal.mean - mean.detach() + spread.detach() * eps
            maps = u.sign()[:, :, None, None] * maps
        total += relu(maps).mean(dim=1)
    return upsample(total / len(noise), _size(pictures))


@torch.enable_grad()
def released_code(model: ConvVAE, pictures: Tensor, layer: int) -> Tensor:
    """Return the map of the authors' published code, (B, H, W), before it is scaled for display.

    Depends on the other pictures of the batch, because the root mean square is taken over all of them.
    """
    before = model.preactivations(pictures, layer).detach().requires_grad_()
    mean, _ = model.encode_from(relu(before), layer)
    (gradient,) = torch.autograd.grad(mean.sum(), before)
    gradient = gradient / (gradient.square().mean().sqrt() + _RMS_FLOOR)
    combined = (gradient.mean(dim=(2, 3), keepdim=True) * before.detach()).sum(dim=1)
    return upsample(combined, _size(pictures)).abs()


def _entered(model: ConvVAE, pictures: Tensor, layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the maps of a layer as a leaf with a gradient, and the posterior as functions of them."""
    features = model.features(pictures, layer).detach().requires_grad_()
    mean, log_variance = model.encode_from(features, layer)
    return features, mean, log_variance


def _size(pictures: Tensor) -> tuple[int, int]:
    return pictures.shape[-2], pictures.shape[-1]
