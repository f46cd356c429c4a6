r"""Slide a grey square over the image and see how far the target's probability drops.

$$S_{ij} = \frac{1}{|\{w \ni (i, j)\}|} \sum_{w \ni (i, j)} \big( f(x) - f(x_{\setminus w}) \big)$$

$f$ is the target's probability and $x_{\setminus w}$ the image with the window $w$ in the mean colour (zero
after normalisation). Every pixel gets the mean drop over all windows that cover it. Values are signed: where
they are negative, hiding the place makes the classifier *more* certain.

The window's side is the image's shorter side divided by `cells`; it moves by a `steps`-th of its side, in
both directions. At 224 x 224 pixels the defaults are windows of 32 pixels, every 8 pixels: 625 windows. The
last window of a row or column may reach over the border, where it is cut off.

Pitfalls: what matters as a whole may be wider than the window, and then no window hides it: evidence that is
there twice gets no value in either place. A grey square is also something to see, and may itself look like
another class.

Differs from the paper, which shows the probability at the centre of each window: the mean drop over all
covering windows gives every pixel a value, and makes the border comparable to the centre. The numbers are
those of captum's `Occlusion` with the same windows.
"""

import math

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject

CHUNK = 256
"""Masks made at a time: about 50 MB at 224 px."""

Window = tuple[slice, slice]
"""Rows and columns hidden."""


@HEATMAPS.register(
    "occlusion",
    title="Occlusion",
    reference="Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, "
    "arXiv:1311.2901, section 4.2",
    is_signed=True,
)
def occlusion(subject: Subject, *, cells: int = 7, steps: int = 4) -> RawMap:
    """Return the mean drop of probability over all windows that cover a pixel.

    Args:
        subject: What to explain.
        cells: Windows that fit side by side along the shorter side of the image, >= 1; the window's side is
            rounded up to pixels.
        steps: Shifts by which a window moves on by its own side, >= 1; the shift is rounded down to pixels,
            but not to 0.

    Returns:
        (H, W) float32, in units of probability, signed.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        About ``(cells * steps)**2`` forward passes of a square image in float32, no backward pass; memory for
        ``CHUNK`` masks.
    """
    if cells < 1 or steps < 1:
        raise ConfigError("methods.occlusion: needs cells >= 1 and steps >= 1.")
    side = math.ceil(min(subject.size) / cells)
    places = windows(subject.size, side, max(side // steps, 1))
    # Differences of nearly equal probabilities: not for a faster precision.
    grey = torch.zeros_like(subject.image)
    p_full = float(subject.scorer.score_soft(torch.ones(1, *subject.size), exact=True, baseline=grey)[0])
    total = torch.zeros(subject.size, dtype=torch.float64)
    covered = torch.zeros(subject.size, dtype=torch.float64)
    for start in range(0, len(places), CHUNK):
        chunk = places[start : start + CHUNK]
        scores = subject.scorer.score_soft(hidden(chunk, subject.size), exact=True, baseline=grey)
        for window, score in zip(chunk, scores.tolist(), strict=True):
            total[window] += p_full - score
            covered[window] += 1
    return RawMap((total / covered).float(), forwards=len(places) + 1)


def windows(size: tuple[int, int], side: int, stride: int) -> list[Window]:
    """Return all windows, row by row, so that together they cover the image.

    Args:
        size: (H, W).
        side: Of a window, pixels; at most the shorter side of the image.
        stride: Shift between windows, pixels, 1 <= stride <= side.
    """
    rows, cols = (
        [
            slice(i * stride, min(i * stride + side, whole))
            for i in range(math.ceil((whole - side) / stride) + 1)
        ]
        for whole in size
    )
    return [(row, col) for row in rows for col in cols]


def hidden(places: list[Window], size: tuple[int, int]) -> Tensor:
    """Return keep masks (B, H, W) float32: 0 inside the window, 1 elsewhere."""
    keep = torch.ones(len(places), *size)
    for mask, place in zip(keep, places, strict=True):
        mask[place] = 0
    return keep
