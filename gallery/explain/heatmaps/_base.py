"""What every heatmap method receives and returns, and the registry they enter.

A method is one public module of this package with one function

    (subject: Subject, *, option: type = default, ...) -> RawMap

registered under the module's name. Keyword-only parameters are the options a manifest may set.

Facts given at registration say what else the result hangs on, so that its key in the store is complete:

- ``is_seeded``: it draws random numbers from ``Subject.seed``;
- ``uses_baseline``: on the mask model's baseline, ``Subject.scorer.baseline``;
- ``uses_patches``: on the patches, ``Subject.mask_model`` and ``Subject.segments``;
- ``uses_search``, ``uses_graph``: on what the search found, or on the attention graph.

Further facts: ``version`` (raise it when results change), ``is_signed`` (negative values are evidence
against the target), ``is_batched`` (the function takes a sequence of subjects and returns one map for each,
in order, the same as it would return for each alone), ``is_default`` (False leaves it out where a manifest
names no methods), ``applies`` (a function from the classifier to "", or to the reason why the method cannot
explain it).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._features import FeatureMaps, capture
from gallery.interfaces import Classifier, MaskScorer
from gallery.records import AttentionGraph, MaskModel, SearchResult
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
        parts: Name -> (h, w) map; ``native`` is their mean. Empty for most methods.
    """

    native: Tensor
    forwards: int
    backwards: int = 0
    layer: str | None = None
    seeded: bool = False
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Structure:
    """What is known of an image's patches: the explanations found, and the attention graph over them."""

    search: SearchResult
    graph: AttentionGraph


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
        mask_model: Grid or superpixels the image is cut into.
        segments: (H, W) int16, the superpixel of every pixel; None for a grid.
        structure: What the structural stages found, for the methods that say they use it; raises if
            they have not run.
    """

    classifier: Classifier
    image: Tensor
    target: int
    scorer: MaskScorer
    seed: int
    gradient_module: torch.nn.Module
    gradient_dtype: torch.dtype = torch.float32
    mask_model: MaskModel = field(default_factory=MaskModel)
    segments: Tensor | None = None
    structure: Callable[[], "Structure"] | None = None
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


HeatmapMethod = Callable[..., Any]
HEATMAPS: Registry[HeatmapMethod] = Registry("heatmap method", "gallery.explain.heatmaps")


def bound(name: str, options: Mapping[str, Any]) -> Callable[[Subject], RawMap]:
    """Return the method ``name`` for one subject, with these options fixed."""
    together = bound_together(name, options)
    return lambda subject: together([subject])[0]


def bound_together(name: str, options: Mapping[str, Any]) -> Callable[[Sequence[Subject]], list[RawMap]]:
    """Return the method ``name`` for several subjects, with these options fixed."""
    entry = HEATMAPS[name]
    call = partial(entry.call, **options)
    if entry.facts.get("is_batched", False):
        return call
    return lambda subjects: [call(subject) for subject in subjects]


def inapplicable(name: str, classifier: Classifier) -> str:
    """Return why the method ``name`` cannot explain ``classifier``, or "" if it can."""
    applies: Callable[[Classifier], str] | None = HEATMAPS[name].facts.get("applies")
    return applies(classifier) if applies else ""
