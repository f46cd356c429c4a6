"""x-features as outputs that heatmap methods explain, on a small network whose gradients are known."""

import pytest
import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.explain.concepts.features import (
    BATCH,
    ConceptClassifier,
    ConceptScorer,
    MaskedFeatures,
    as_classifier,
    pooled_features,
)
from gallery.explain.concepts.network import ExplanationNetwork, Shape
from gallery.explain.heatmaps.grad_cam import grad_cam
from gallery.explain.heatmaps.occlusion import hidden, occlusion, windows
from tests.toy import Pooled, Toy, image_of, subject_of, toy

SIZE = (16, 12)
LAYER = "features"


def explanation() -> ExplanationNetwork:
    """Return a network with two x-features, both linear where they are positive: 3 z_0 + 1, and 2 z_1."""
    network = ExplanationNetwork(Shape(5, (), 2))
    weight, bias = torch.tensor([[3.0, 0, 0, 0, 0], [0, 2.0, 0, 0, 0]]), torch.tensor([1.0, 0.0])
    network.encoder[0].load_state_dict({"weight": weight, "bias": bias})
    return network.eval().requires_grad_(requires_grad=False)


def concepts() -> tuple[Toy, ConceptClassifier]:
    classifier = toy(Pooled(), SIZE, LAYER)
    return classifier, as_classifier(classifier, LAYER, explanation())


def maps_of(classifier: Toy, image: Tensor) -> Tensor:
    features: Tensor = classifier.module.get_submodule(LAYER)(image)
    return features


def test_pooled_features_and_logits_do_not_depend_on_the_batch() -> None:
    classifier = toy(Pooled(), SIZE, LAYER)
    images = [image_of(SIZE, seed) for seed in range(BATCH + 3)]
    features, logits = pooled_features(classifier, LAYER, images)
    assert torch.allclose(features[-1], maps_of(classifier, images[-1]).mean(dim=(2, 3))[0])
    assert torch.allclose(logits[-1], classifier.module(images[-1])[0])
    alone, _ = pooled_features(classifier, LAYER, images[-1:])
    assert torch.equal(features[-1:], alone)


@pytest.mark.parametrize(("layer", "message"), [("nowhere", "no layer 'nowhere'"), ("fc", "expected")])
def test_layers_that_cannot_be_read_are_named(layer: str, message: str) -> None:
    classifier = toy(Pooled(), SIZE)
    with pytest.raises(ClassifierError, match=message):
        pooled_features(classifier, layer, [image_of(SIZE)])
    assert not [m for m in classifier.module.modules() if m._forward_hooks]


def test_outputs_are_the_x_features() -> None:
    classifier, found = concepts()
    image = image_of(SIZE)
    z = maps_of(classifier, image).mean(dim=(2, 3))[0]
    assert torch.allclose(found.module(image)[0], torch.stack([3 * z[0] + 1, 2 * z[1]]))
    assert found.card.class_names == ("x-feature 1", "x-feature 2")
    assert not [m for m in found.module.modules() if m._forward_hooks]


@pytest.mark.parametrize(("target", "slope"), [(0, 3.0), (1, 2.0)])
def test_grad_cam_of_an_x_feature_is_the_map_it_is_made_of(target: int, slope: float) -> None:
    classifier, found = concepts()
    image = image_of(SIZE)
    raw = grad_cam(subject_of(found, image, target=target, scorer=scorer(found, image, target)))
    by_hand = slope / (SIZE[0] * SIZE[1]) * maps_of(classifier, image)[0, target]
    assert torch.allclose(raw.native, by_hand, atol=1e-7)


def test_occlusion_of_an_x_feature_is_its_drop() -> None:
    _, found = concepts()
    image = image_of(SIZE)
    raw = occlusion(subject_of(found, image, target=1, scorer=scorer(found, image, 1)), cells=2, steps=1)
    places = windows(SIZE, 6, 6)
    keep = hidden(places, SIZE)
    drops = found.module(image)[0, 1] - found.module(image * keep[:, None])[:, 1]
    first = next(i for i, place in enumerate(places) if place == (slice(0, 6), slice(0, 6)))
    assert raw.native[0, 0].item() == pytest.approx(drops[first].item(), abs=1e-6)


def scorer(found: ConceptClassifier, image: Tensor, target: int) -> ConceptScorer:
    classifier = toy(Pooled(), SIZE, LAYER)
    seen = MaskedFeatures(classifier, LAYER, image, torch.zeros_like(image))
    return ConceptScorer(seen, explanation(), target)


def test_a_scorer_answers_for_bit_masks_and_counts() -> None:
    _, found = concepts()
    image = image_of(SIZE)
    one = scorer(found, image, 0)
    full, nothing = one.score([2**49 - 1, 0], exact=True)
    assert full == pytest.approx(found.module(image)[0, 0].item(), abs=1e-5)
    assert nothing == pytest.approx(found.module(torch.zeros_like(image))[0, 0].item(), abs=1e-5)
    assert one.forwards == 2


def test_what_was_asked_before_is_not_passed_again() -> None:
    """The second x-feature reads the features of the first; another mask or baseline is passed anew."""
    image = image_of(SIZE)
    seen = MaskedFeatures(toy(Pooled(), SIZE, LAYER), LAYER, image, torch.zeros_like(image))
    first, second = (ConceptScorer(seen, explanation(), target) for target in (0, 1))
    keep = hidden(windows(SIZE, 6, 6), SIZE)
    asked = [one.score_soft(keep, exact=True) for one in (first, second, first)]
    assert (seen.forwards, seen.remembered) == (len(keep), 2 * len(keep))
    assert torch.equal(asked[0], asked[2])
    by_hand = explanation()(maps_of(toy(Pooled(), SIZE, LAYER), image * keep[:, None]).mean(dim=(2, 3)))
    for target in (0, 1):
        assert torch.allclose(asked[target], by_hand[:, target], atol=1e-6)
    second.score_soft(1 - keep, exact=True)
    second.score_soft(keep, exact=True, baseline=torch.ones_like(image))
    assert (seen.forwards, seen.remembered) == (3 * len(keep), 2 * len(keep))
