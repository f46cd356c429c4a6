"""Methods that give one value per patch: from and to patch sets, and the random numbers captum draws."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gallery.errors import ConfigError, ShapeError
from gallery.explain.heatmaps._base import Structure, Subject
from gallery.records import mask_of
from gallery.tensors import check_shape


@dataclass
class PatchGame:
    """The target's probability as a function of the patches kept; remembers which sets it was asked for.

    Attributes:
        subject: The image.
        asked: Bit masks asked for so far.
    """

    subject: Subject
    asked: set[int] = field(default_factory=set)

    @property
    def n_patches(self) -> int:
        """Number of patches the image is cut into."""
        return self.subject.mask_model.n_cells

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the probabilities (B,) float32 of the patch sets (B, n); the same set is scored once."""
        check_shape(rows, f"B {self.n_patches}", "rows")
        masks = [mask_of(row.nonzero().flatten().tolist()) for row in rows.cpu()]
        self.asked.update(masks)
        return torch.tensor(self.subject.scorer.score(masks, exact=False), dtype=torch.float32)


def native_of(values: Tensor, subject: Subject) -> Tensor:
    """Return one value per patch as a map.

    Args:
        values: (n,), in the order of the patch numbers.
        subject: Says how the image is cut.

    Returns:
        float32 on the CPU, (R, S) for a grid, (H, W) for superpixels, each pixel with its superpixel's value.

    Raises:
        ShapeError: If there are not as many values as patches, or superpixels are missing.
    """
    model = subject.mask_model
    check_shape(values, str(model.n_cells), "values")
    plane = values.detach().float().cpu()
    if model.partition == "grid":
        return plane.reshape(model.rows, model.cols)
    if subject.segments is None or int(subject.segments.max()) >= model.n_cells:
        raise ShapeError(f"segments: a map of {model.n_cells} superpixels, numbered from 0, is needed.")
    return plane[subject.segments.cpu().long()]


def structure_of(subject: Subject, method: str) -> Structure:
    """Return what the search found in the image.

    Raises:
        ConfigError: If no search has run, or can run before ``method``.
    """
    if subject.structure is None:
        raise ConfigError(
            f"methods.{method}: this map is made of explanations a search has found, and here there are none "
            "yet. It cannot guide a search, nor explain a changed image or network; choose another method."
        )
    return subject.structure()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global random numbers of the CPU, which captum draws from; put them back, also after an error.

    Only those of the CPU: a method that draws on another device would give other numbers there.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
