"""Class attention: the weights written out, one head or all, and who has none."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gallery.classifier._class_queries import Attention
from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import Subject, inapplicable
from gallery.explain.heatmaps.class_attention import class_attention
from tests import toy
from tests.explain.heatmaps.queried import queried

SIZE = (24, 32)


def subject(target: int = 1, *, layers: int = 2) -> Subject:
    return toy.subject_of(toy.toy(queried(layers=layers), SIZE), toy.image_of(SIZE), target=target)


def by_hand(target: int) -> Tensor:
    """Return the cross-attention of a decoder of one layer in float64, (heads, h, w), from its weights."""
    net: Any = queried(layers=1).double()
    head, layer = net.queries, net.queries.layers[0]
    with torch.no_grad():
        features = net.backbone.forward_features(toy.image_of(SIZE).double())[0]
        places = features.flatten(1).T @ head.project.weight.T + head.project.bias
        n, width, heads = len(places), 8, 2

        def linear(part: nn.Linear, x: Tensor) -> Tensor:
            return x @ part.weight.T + part.bias

        def attend(part: Attention, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
            outs, weights = [], []
            for i in range(heads):
                own = slice(i * width // heads, (i + 1) * width // heads)
                a, b = linear(part.query, q)[:, own], linear(part.key, k)[:, own]
                weights.append(torch.softmax(a @ b.T / (width // heads) ** 0.5, dim=1))
                outs.append(weights[-1] @ linear(part.value, v)[:, own])
            return linear(part.out, torch.cat(outs, 1)), torch.stack(weights)

        x = torch.zeros(3, width, dtype=torch.float64)
        x = layer.norms[0](x + attend(layer.among, x + head.queries, x + head.queries, x)[0])
        _, weights = attend(layer.cross, x + head.queries, places, places)
        assert weights.shape == (heads, 3, n)
        return weights[:, target].reshape(heads, *features.shape[1:])


@pytest.mark.parametrize("target", [0, 2])
def test_the_map_is_the_class_s_row_of_the_attention_written_out(target: int) -> None:
    expected = by_hand(target).float()
    what = subject(target, layers=1)
    torch.testing.assert_close(class_attention(what, head=0).native, expected[0], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(class_attention(what, head=1).native, expected[1], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(class_attention(what).native, expected.mean(0), atol=1e-6, rtol=1e-5)


def test_the_heads_are_parts_and_their_mean_is_the_map() -> None:
    raw = class_attention(subject(2, layers=1))
    assert list(raw.parts) == ["head 0", "head 1"]
    for part, expected in zip(raw.parts.values(), by_hand(2).float(), strict=True):
        torch.testing.assert_close(part, expected, atol=1e-6, rtol=1e-5)
    assert not raw.parts["head 0"].allclose(raw.parts["head 1"])
    torch.testing.assert_close(torch.stack(list(raw.parts.values())).mean(0), raw.native)
    assert not class_attention(subject(2, layers=1), head=0).parts


def test_every_map_is_a_distribution_over_the_places_of_the_backbone() -> None:
    native = class_attention(subject()).native
    assert native.shape == (6, 8)
    assert bool((native >= 0).all())
    assert float(native.sum()) == pytest.approx(1, abs=1e-5)


def test_classes_look_at_different_places_and_layers_matter() -> None:
    assert not class_attention(subject(0)).native.equal(class_attention(subject(1)).native)
    assert not class_attention(subject(1)).native.equal(class_attention(subject(1, layers=1)).native)


def test_a_moved_photograph_moves_the_map() -> None:
    """Keys carry no positions: what the queries find moves along with it, by whole places."""
    image = toy.image_of(SIZE)
    what = subject()
    before = class_attention(what).native
    what.image = image.roll(shifts=(4, 8), dims=(2, 3))
    torch.testing.assert_close(
        class_attention(what).native, before.roll((1, 2), (0, 1)), atol=1e-6, rtol=1e-5
    )


def test_other_classifiers_have_no_queries() -> None:
    other = toy.toy(toy.TwoConv(), SIZE)
    assert "no query per class" in inapplicable("class_attention", other)
    assert inapplicable("class_attention", toy.toy(queried(), SIZE)) == ""
    with pytest.raises(ClassifierError, match="cannot explain toy:net"):
        class_attention(toy.subject_of(other, toy.image_of(SIZE)))


@pytest.mark.parametrize("head", [-2, 2])
def test_a_head_that_is_not_there(head: int) -> None:
    with pytest.raises(ConfigError, match=r"class_attention\.head: toy:net has heads 0 to 1"):
        class_attention(subject(), head=head)
