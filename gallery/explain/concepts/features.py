"""A layer's features of whole images, and x-features as outputs of a network that heatmaps can explain."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.concepts.network import ExplanationNetwork
from gallery.interfaces import Classifier
from gallery.layouts import read_layout
from gallery.perturbation import basis_of, bits_of, compose
from gallery.records import ClassifierCard, MaskModel
from gallery.tensors import left_as_found

INSIDE = "classifier"
"""Name of the classifier's network inside ``WithConcepts``."""
BATCH = 16


@contextmanager
def listening(module: nn.Module, layer: str, size: tuple[int, int], path: str) -> Iterator[list[Tensor]]:
    """Collect what ``layer`` returns, averaged over positions: one (B, d) tensor per pass.

    Args:
        module: The whole network.
        layer: Dotted path in it.
        size: (H, W) of its input, pixels.
        path: What messages call the layer.

    Raises:
        ClassifierError: If there is no such layer, or its output cannot be read as feature maps.
    """
    try:
        submodule = module.get_submodule(layer)
    except AttributeError:
        raise ClassifierError(
            f"concepts.layer: the classifier has no layer {path!r}. Leave it out to take the CAM layer."
        ) from None
    heard: list[Tensor] = []

    def hear(_: nn.Module, __: object, output: Tensor) -> None:
        n = len(output) if isinstance(output, Tensor) else 0
        layout = read_layout(module, layer, output, n, size)
        heard.append(layout.maps(output).mean(dim=(2, 3)))

    handle = submodule.register_forward_hook(hear)
    try:
        yield heard
    finally:
        handle.remove()


def pooled_features(classifier: Classifier, layer: str, inputs: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the layer's features of some images, and all logits, in float32 on the CPU.

    Args:
        classifier: Left as found, also after an error.
        layer: Dotted path.
        inputs: One or more (1, 3, H, W) float32, normalised; ``BATCH`` of them are in memory at a time.

    Returns:
        (N, d) means over positions, and (N, K) logits.

    Raises:
        ClassifierError: If the layer is missing, does not run exactly once, or has no feature maps.

    Cost:
        N images forward, ``BATCH`` at a time; the last pass is filled up, so that all have one size.
    """
    features, logits = [], []
    waiting = iter(inputs)
    size = classifier.card.preprocessing.size
    with left_as_found(classifier.module), torch.no_grad():
        classifier.module.eval()
        with listening(classifier.module, layer, size, layer) as heard:
            while chunk := list(islice(waiting, BATCH)):
                full = torch.cat(chunk + chunk[-1:] * (BATCH - len(chunk)))
                answer = classifier.module(full.to(classifier.device))
                if len(heard) != 1:
                    raise ClassifierError(
                        f"concepts.layer: {layer!r} ran {len(heard)} times in one pass; it must run once."
                    )
                features.append(heard.pop()[: len(chunk)].float().cpu())
                logits.append(answer[: len(chunk)].float().cpu())
    return torch.cat(features), torch.cat(logits)


class WithConcepts(nn.Module):
    """A classifier's network that returns x-features instead of logits: (B, 3, H, W) -> (B, n)."""

    def __init__(self, network: nn.Module, layer: str, explanation: ExplanationNetwork) -> None:
        super().__init__()
        self.add_module(INSIDE, network)
        self.explanation = explanation
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Return the x-features."""
        size = (x.shape[2], x.shape[3])
        with listening(self, f"{INSIDE}.{self.layer}", size, self.layer) as heard:
            self.get_submodule(INSIDE)(x)
        features: Tensor = self.explanation(heard[0].float())
        return features


@dataclass(frozen=True)
class ConceptClassifier:
    """Satisfies ``gallery.interfaces.Classifier``: its classes are x-features."""

    card: ClassifierCard
    module: nn.Module
    device: str


def as_classifier(classifier: Classifier, layer: str, explanation: ExplanationNetwork) -> ConceptClassifier:
    """Return a classifier whose class k is x-feature k, for heatmap methods to explain."""
    n = explanation.shape.n_features
    card = replace(
        classifier.card,
        cam_layer=f"{INSIDE}.{layer}",
        class_names=tuple(f"x-feature {k}" for k in range(1, n + 1)),
    )
    module = WithConcepts(classifier.module, layer, explanation.to(classifier.device)).eval()
    return ConceptClassifier(card, module, classifier.device)


class MaskedFeatures:
    """A layer's features of masked versions of one image; what was asked before is not passed again.

    All x-features read the same features, so that maps of all concepts that hide the same places share
    their passes.
    """

    def __init__(self, classifier: Classifier, layer: str, image: Tensor, baseline: Tensor) -> None:
        """Prepare; ``image`` and ``baseline`` are (1, 3, H, W) float32, normalised, on its device."""
        self.image, self.baseline = image, baseline
        self.forwards = 0
        """Images passed forward so far."""
        self.remembered = 0
        """Images asked for again, and not passed again."""
        self._classifier, self._layer = classifier, layer
        self._found: dict[str, Tensor] = {}

    def of(self, keep: Tensor, baseline: Tensor | None = None) -> Tensor:
        """Return (B, d) float32, on the classifier's device, for (B, H, W) soft keep masks.

        Raises:
            ClassifierError: If the layer is missing, or has no feature maps.
        """
        base = self.baseline if baseline is None else baseline
        asked = hashlib.sha256()
        for part in (keep, base):
            asked.update(part.cpu().numpy().tobytes())
        key = asked.hexdigest()
        if key in self._found:
            self.remembered += len(keep)
        else:
            self._found[key] = self._passed(keep, base)
        return self._found[key]

    def _passed(self, keep: Tensor, baseline: Tensor) -> Tensor:
        module, size = self._classifier.module, (self.image.shape[2], self.image.shape[3])
        parts = []
        with (
            left_as_found(module),
            torch.no_grad(),
            listening(module, self._layer, size, self._layer) as heard,
        ):
            module.eval()
            for start in range(0, len(keep), BATCH):
                part = keep[start : start + BATCH].to(self.image.device)
                made = compose(self.image, baseline, part)
                module(made.contiguous(memory_format=torch.channels_last))
                parts.append(heard.pop().float())
        self.forwards += len(keep)
        return torch.cat(parts)


class ConceptScorer:
    """Answers what an x-feature is on masked versions of one image; a ``MaskScorer``.

    What other scorers answer with a probability, this one answers with the value of the x-feature.
    """

    def __init__(self, seen: MaskedFeatures, explanation: ExplanationNetwork, target: int) -> None:
        self.image, self.baseline, self.target = seen.image, seen.baseline, target
        self._seen, self._explanation = seen, explanation
        self._mask_model = MaskModel()

    @property
    def forwards(self) -> int:
        """Images passed forward so far, for this or another x-feature."""
        return self._seen.forwards

    def score(self, masks: Sequence[int], *, exact: bool, threshold: float | None = None) -> list[float]:
        """Return the x-feature for each bit mask of the default 7 x 7 grid, always in float32."""
        size = (self.image.shape[2], self.image.shape[3])
        basis = basis_of(self._mask_model, size, None)
        keep = (bits_of(list(masks), self._mask_model.n_cells) @ basis).reshape(-1, *size)
        return [float(value) for value in self.score_soft(keep, exact=True)]

    def score_soft(self, keep: Tensor, *, exact: bool, baseline: Tensor | None = None) -> Tensor:
        """Return the x-feature for each soft mask, (B,) float32 on the CPU."""
        if not len(keep):
            return torch.zeros(0)
        with torch.no_grad():
            answers: Tensor = self._explanation(self._seen.of(keep, baseline))
        return answers[:, self.target].cpu()
