"""What every heatmap method receives and returns, and the registry they enter.

A method is one public module of this package with one function

    (subject: Subject, *, option: type = default, ...) -> RawMap

registered under the module's name. Keyword-only parameters are the options a manifest may set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._features import FeatureMaps, capture
from gallery.interfaces import Classifier, MaskScorer
from gallery.registry import Registry


@dataclass(frozen=True)
class RawMap:
    """What a method returns.

    Attributes:
        native: (h, w) at the method's own resolution, raw: not scaled, signed where the method is signed.
        forwards: Images this method passes forward when it runs alone.
        backwards: Images it passes backward when it runs alone.
        layer: Dotted path of the module explained, or None.
        seeded: Whether ``Subject.seed`` was used.
    """

    native: Tensor
    forwards: int
    backwards: int = 0
    layer: str | None = None
    seeded: bool = False


@dataclass
class Subject:
    """One image, one classifier, one target class: what a method explains.

    Attributes:
        classifier: Left as found: flags, gradients and hooks are restored even on error.
        image: (1, 3, H, W) float32, normalised, on the classifier's device.
        target: Class index, 0 <= target < K.
        scorer: Answers for masked versions of the image.
        seed: For everything random in this method on this image.
        gradient_module: Network to differentiate in long optimisations (it may be in bfloat16).
        gradient_dtype: Its input dtype.
    """

    classifier: Classifier
    image: Tensor
    target: int
    scorer: MaskScorer
    seed: int
    gradient_module: torch.nn.Module
    gradient_dtype: torch.dtype = torch.float32
    _features: dict[str, FeatureMaps] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the input, pixels."""
        return self.image.shape[-2], self.image.shape[-1]

    def layer(self, given: str) -> str:
        """Return ``given``, or the classifier's own CAM layer if it is "".

        Raises:
            ClassifierError: If neither is set.
        """
        layer = given or self.classifier.card.cam_layer
        if not layer:
            raise ClassifierError(
                f"{self.classifier.card.id} has no layer with a feature map to explain; name one with the "
                'option "layer" or leave the CAM methods out of [methods].'
            )
        return layer

    def features(self, layer: str) -> FeatureMaps:
        """Return activations and target gradients of ``layer`` on the image; one pass for all CAM methods."""
        if layer not in self._features:
            self._features[layer] = capture(self.classifier.module, layer, self.image, self.target)
        return self._features[layer]


HeatmapMethod = Callable[..., RawMap]
HEATMAPS: Registry[HeatmapMethod] = Registry("heatmap method", "gallery.explain.heatmaps")


def bound(name: str, options: dict[str, Any]) -> Callable[[Subject], RawMap]:
    """Return the method ``name`` with all its options fixed."""
    return partial(HEATMAPS[name].call, **options)
