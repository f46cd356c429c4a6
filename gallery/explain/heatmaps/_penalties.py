"""What optimised masks pay for: removed area and roughness."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def removed_area(mask: Tensor) -> Tensor:
    """Return the mean of 1 - mask, a scalar; ``mask`` (h, w) in [0, 1], 1 = kept."""
    return (1 - mask).mean()


def total_variation(mask: Tensor) -> Tensor:
    """Return the mean squared difference of vertical neighbours plus that of horizontal ones, a scalar."""
    return (mask[1:] - mask[:-1]).square().mean() + (mask[:, 1:] - mask[:, :-1]).square().mean()


def edge_weights(image: Tensor, width: float) -> tuple[Tensor, Tensor]:
    """Return exp(-d^2 / width^2) for vertical and for horizontal neighbours, (H - 1, W) and (H, W - 1).

    d^2 is the squared difference of the two pixels, averaged over channels.

    Args:
        image: (3, H, W) float32, normalised.
        width: Difference at which the weight has fallen to 1/e, normalised units, > 0.
    """
    down = (image[:, 1:] - image[:, :-1]).square().mean(dim=0)
    right = (image[:, :, 1:] - image[:, :, :-1]).square().mean(dim=0)
    return (-down / width**2).exp(), (-right / width**2).exp()


def bilateral_variation(keep: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
    """Return the total variation of a mask at image size, forgiven across edges of the image, a scalar.

    Args:
        keep: (H, W).
        weights: Of ``edge_weights``.
    """
    down, right = weights
    rows = (down * (keep[1:] - keep[:-1]).square()).mean()
    return rows + (right * (keep[:, 1:] - keep[:, :-1]).square()).mean()


class Upsampling:
    """Bilinear upsampling with half-pixel centres as two matrix products, K = R M C^T.

    The same as ``gallery.tensors.upsample``, but its transpose, which carries gradients back, adds in a fixed
    order on a GPU too.
    """

    def __init__(self, cells: tuple[int, int], size: tuple[int, int], device: torch.device) -> None:
        """Prepare the matrices R (H, h) and C (W, w) from ``cells`` (h, w) to ``size`` (H, W)."""
        self.rows, self.cols = (
            F.interpolate(torch.eye(n)[None], size=m, mode="linear", align_corners=False)[0].T.to(device)
            for n, m in zip(cells, size, strict=True)
        )

    def __call__(self, mask: Tensor) -> Tensor:
        """Return the mask (h, w) at image size, (H, W)."""
        return self.rows @ mask @ self.cols.T

    def back(self, gradient: Tensor) -> Tensor:
        """Return a gradient at image size, (H, W), as one of the mask, (h, w)."""
        return self.rows.T @ gradient @ self.cols
