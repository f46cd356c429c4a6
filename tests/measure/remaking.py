"""Stand-ins for making a map again."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from gallery.measure._base import Remade


def saliency(module: nn.Module, image: Tensor, target: int) -> Tensor:
    """Return the gradient of the target's logit, summed over the channels, (H, W) float32."""
    with torch.enable_grad():
        leaf = image.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(module(leaf)[0, target], leaf)
    return gradient[0].sum(dim=0)


@dataclass
class GradientRemake:
    """Makes the gradient's map of another image or network; remembers what it was asked for."""

    module: nn.Module
    image: Tensor
    target: int = 1
    images: list[Tensor] = field(default_factory=list)
    modules: list[nn.Module] = field(default_factory=list)

    def __call__(self, image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
        """Return the map; it counts as 3 images passed forward, to tell it from one."""
        if image is not None:
            self.images.append(image.clone())
        if module is not None:
            self.modules.append(module)
        values = saliency(module or self.module, self.image if image is None else image, self.target)
        return Remade(values, forwards=3)

    @property
    def forwards(self) -> int:
        """Images passed forward in all."""
        return 3 * (len(self.images) + len(self.modules))


@dataclass
class ConstantRemake:
    """Returns the same map whatever it is asked for."""

    values: Tensor

    def __call__(self, image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
        """Return it; one image passed forward."""
        return Remade(self.values, forwards=1)
