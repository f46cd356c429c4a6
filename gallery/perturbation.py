"""How patches are removed: baselines, cell basis and the one formula x * m + baseline * (1 - m).

``keep_mask`` everywhere: 1 = kept, 0 = replaced by the baseline. Images are normalised before they are
mixed, which for these baselines equals mixing first and normalising after.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from gallery.errors import ConfigError, ShapeError
from gallery.records import MaskModel, Preprocessing
from gallery.tensors import check_shape


def blur_kernel(side: int) -> tuple[int, float]:
    """Return (kernel size, sigma) in pixels of the blur baseline for an image whose shorter side is ``side``.

    51 and 50 at 224 px as in the official I-GOS and SAG code (sigma = kernel - 1), in proportion elsewhere
    (the official code jumps from 51 to 151 at 500 px and to 201 at 800 px).
    """
    kernel = 2 * round(25 * side / 224) + 1
    return kernel, float(max(kernel - 1, 1))


def make_baseline(name: str, image: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Return what replaces removed content.

    Args:
        name: "blur" (Gaussian, see ``blur_kernel``, borders reflected), "black" (pixel value 0) or "mean"
            (the mean colour the classifier was trained with, zero after normalisation).
        image: (1, 3, H, W) float32, normalised.
        preprocessing: Says what black is after normalisation.

    Returns:
        (1, 3, H, W) float32, normalised, on the device of ``image``.

    Raises:
        ConfigError: If ``name`` is unknown.
        ShapeError: If ``image`` has another shape.
    """
    check_shape(image, "1 3 H W", "image")
    if name == "mean":
        return torch.zeros_like(image)
    if name == "black":
        pairs = zip(preprocessing.mean, preprocessing.std, strict=True)
        colour = torch.tensor([-mean / std for mean, std in pairs], dtype=image.dtype, device=image.device)
        return colour.reshape(1, 3, 1, 1).expand_as(image).clone()
    if name == "blur":
        kernel, sigma = blur_kernel(min(image.shape[-2:]))
        blurred: Tensor = gaussian_blur(image, [kernel, kernel], [sigma, sigma])
        return blurred
    raise ConfigError(f"perturbation.baseline: unknown baseline {name!r}. Known: blur, black, mean.")


def cell_basis(mask_model: MaskModel, size: tuple[int, int]) -> Tensor:
    """Return the keep mask of each single cell, (R * S, H * W) float32.

    Upsampling is linear, so the mask of a patch set is the sum of its cells' rows: masks for a whole batch
    are one matrix product ``bits @ cell_basis``. In every pixel the cells' weights sum to one.
    """
    n = mask_model.n_cells
    cells = torch.eye(n).reshape(n, 1, mask_model.rows, mask_model.cols)
    if mask_model.interpolation == "nearest":
        masks = F.interpolate(cells, size=size, mode="nearest-exact")
    else:
        masks = F.interpolate(cells, size=size, mode="bilinear", align_corners=mask_model.align_corners)
    return masks.reshape(n, -1)


def segment_basis(segments: Tensor) -> Tensor:
    """Return the keep mask of each superpixel, (n, H * W) float32: 1 inside it, 0 elsewhere.

    Args:
        segments: (H, W) integers, the superpixel of every pixel, 0 to n - 1.

    Raises:
        ShapeError: If ``segments`` has another shape, or negative numbers.
    """
    check_shape(segments, "H W", "segments")
    numbers = segments.reshape(1, -1).long()
    if not numbers.numel() or int(numbers.min()) < 0:
        raise ShapeError("segments: superpixels are numbered from 0, in at least one pixel.")
    basis = torch.zeros(int(numbers.max()) + 1, numbers.numel(), device=segments.device)
    return basis.scatter_(0, numbers, 1.0)


def basis_of(mask_model: MaskModel, size: tuple[int, int], segments: Tensor | None) -> Tensor:
    """Return the keep mask of each patch, (n, H * W) float32, for a grid or for superpixels.

    Raises:
        ShapeError: If superpixels are wanted and missing, do not fit ``size``, or are not as many as said.
    """
    if mask_model.partition == "grid":
        return cell_basis(mask_model, size)
    if segments is None or tuple(segments.shape) != size:
        found = None if segments is None else tuple(segments.shape)
        raise ShapeError(f"segments: superpixels of shape {size} are needed, got {found}.")
    basis = segment_basis(segments)
    if len(basis) != mask_model.n_cells:
        raise ShapeError(f"segments: expected {mask_model.n_cells} superpixels, got {len(basis)}.")
    return basis


def bits_of(masks: list[int], n_cells: int) -> Tensor:
    """Return bit masks as (B, n_cells) float32 of zeros and ones.

    Raises:
        ShapeError: If a mask keeps a patch beyond the grid.
    """
    if beyond := [mask for mask in masks if not 0 <= mask < 1 << n_cells]:
        raise ShapeError(f"mask {beyond[0]:#x} does not fit a grid of {n_cells} patches.")
    if not masks:
        return torch.zeros(0, n_cells)
    width = (n_cells + 7) // 8
    raw = bytearray(b"".join(mask.to_bytes(width, "little") for mask in masks))
    packed = torch.frombuffer(raw, dtype=torch.uint8)
    shifts = torch.arange(8, dtype=torch.uint8)
    bits = (packed.reshape(len(masks), width, 1) >> shifts) & 1
    return bits.reshape(len(masks), width * 8)[:, :n_cells].float()


def compose(image: Tensor, baseline: Tensor, keep: Tensor) -> Tensor:
    """Return image * keep + baseline * (1 - keep), exactly the image where keep is 1.

    Args:
        image: (1, 3, H, W) or (B, 3, H, W) float32, normalised.
        baseline: Same shape.
        keep: (B, H, W) float32 in [0, 1].

    Returns:
        (B, 3, H, W) float32.
    """
    # Unlike the formula written out, lerp does not round where keep is 0 or 1, and it makes no copies.
    return torch.lerp(baseline, image, keep[:, None])
