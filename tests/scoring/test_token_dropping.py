"""Dropping tokens: what the network says of the tokens that stay, and nothing of the others."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gallery.config import PerturbationSettings
from gallery.errors import ConfigError
from gallery.interfaces import ScoreRequest
from gallery.records import MaskModel, cells_of
from gallery.scoring.engine import Engine, Scorer
from gallery.scoring.token_dropping import token_dropping
from tests import toy, transformers
from tests.transformers import GRID, SIDE, SIZE

MODEL = MaskModel(2, 3, interpolation="nearest", removal="drop_tokens")
"""Patches of 2 x 2 tokens."""
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "class token": transformers.timm_vit,
    "distilled": lambda: transformers.timm_vit(distilled=True),
    "registers": lambda: transformers.timm_vit(reg_tokens=2, no_embed_class=True),
    "mean": lambda: transformers.timm_vit(global_pool="avg"),
    "mean, no class token": lambda: transformers.timm_vit(global_pool="avg", class_token=False),
    "mean of all": lambda: transformers.timm_vit(global_pool="avg", pool_include_prefix=True),
    "attention pooling": lambda: transformers.timm_vit(global_pool="map"),
    "normalised before": lambda: transformers.timm_vit(pre_norm=True),
    "any size": lambda: transformers.timm_vit(dynamic_img_size=True),
}


def engine_of(network: nn.Module, size: tuple[int, int] = SIZE, precision: str = "float32") -> Engine:
    return Engine(toy.toy(network, size), toy.tuning(precision))  # type: ignore[arg-type]


def scorer_of(network: nn.Module, *, seed: int = 0, target: int = 1, model: MaskModel = MODEL) -> Scorer:
    inputs = toy.inputs_of(toy.image_of(SIZE, seed), toy.image_of(SIZE, seed=9))
    return engine_of(network).scorer(inputs, target, model)


def tokens_kept(mask: int, model: MaskModel, grid: tuple[int, int]) -> list[int]:
    """Return the patch tokens (row * w + col) of the kept patches, by their place in the image."""
    (h, w), kept = grid, set(cells_of(mask))
    inside = [
        (i * model.rows // h) * model.cols + j * model.cols // w in kept for i in range(h) for j in range(w)
    ]
    return [token for token, is_kept in enumerate(inside) if is_kept]


def gathered(network: Any, x: Tensor, kept: list[int]) -> Tensor:  # noqa: ANN401
    """Return the probabilities (K,) of one image on ``kept`` tokens, the network written out step by step."""
    if hasattr(network, "encoder"):  # torchvision
        patches = network.conv_proj(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([network.class_token, patches], dim=1) + network.encoder.pos_embedding
        prefix = 1
    else:
        tokens = network._pos_embed(network.patch_embed(x))
        prefix = network.num_prefix_tokens
    tokens = torch.cat([tokens[:, :prefix], *(tokens[:, prefix + i : prefix + i + 1] for i in kept)], dim=1)
    if hasattr(network, "encoder"):
        logits = network.heads(network.encoder.ln(network.encoder.layers(tokens))[:, 0])
    else:
        tokens = network.norm_pre(tokens)
        for block in network.blocks:
            tokens = block(tokens)
        logits = network.forward_head(network.norm(tokens))
    probabilities: Tensor = logits.softmax(dim=1)[0]
    return probabilities


MASKS = [0b1, 0b100000, 0b1010, 0b110, 0b111000, 0b101101, 0b011111, 0b111111]


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_network_written_out_on_the_tokens_that_stay(name: str) -> None:
    network = NETWORKS[name]()
    scorer = scorer_of(network)
    expected = [gathered(network, scorer.image, tokens_kept(m, MODEL, GRID))[1].item() for m in MASKS]
    assert scorer.score(MASKS, exact=True) == pytest.approx(expected, abs=1e-6)
    assert max(expected) > 1.2 * min(expected), "the patches must matter"
    assert scorer.forwards == len(MASKS)


def test_equals_torchvisions_network_written_out() -> None:
    network, model = transformers.torchvision_vit(), MaskModel(4, 2, removal="drop_tokens")
    x = toy.image_of((SIDE, SIDE))
    scorer = engine_of(network, (SIDE, SIDE)).scorer(toy.inputs_of(x), 2, model)
    masks = [0, 0b10, 0b11110000, 0b01011010, 0b11111111]
    expected = [gathered(network, x, tokens_kept(m, model, (4, 4)))[2].item() for m in masks]
    assert scorer.score(masks, exact=True) == pytest.approx(expected, abs=1e-6)


@contextmanager
def keys_masked(kept: Tensor, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every attention ignore the keys that are not ``kept`` (N,)."""
    plain = F.scaled_dot_product_attention

    def masked(q: Tensor, k: Tensor, v: Tensor, **_: object) -> Tensor:
        return plain(q, k, v, attn_mask=kept[None, None, None, :].expand(1, 1, q.shape[2], -1))

    with monkeypatch.context() as patch:
        patch.setattr(F, "scaled_dot_product_attention", masked)
        yield


@pytest.mark.parametrize("options", [{}, {"distilled": True}, {"global_pool": "avg"}])
def test_equals_attention_that_ignores_the_removed_tokens(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network: Any = transformers.timm_vit(**options)
    scorer, prefix = scorer_of(network), network.num_prefix_tokens
    expected = []
    for mask in MASKS:
        places = [*range(prefix), *(prefix + token for token in tokens_kept(mask, MODEL, GRID))]
        stays = torch.zeros(prefix + 24, dtype=torch.bool)
        stays[places] = True
        with keys_masked(stays, monkeypatch):
            tokens = network.forward_features(scorer.image)[:, places]
        expected.append(network.forward_head(tokens).softmax(dim=1)[0, 1].item())
    assert scorer.score(MASKS, exact=True) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["class token", "mean"])
def test_the_whole_image_is_the_plain_pass_to_the_bit(name: str) -> None:
    scorer = scorer_of(NETWORKS[name]())
    plain = scorer._engine.probabilities(scorer.image, exact=True)[0, 1]
    assert scorer.score([MODEL.full], exact=True) == [float(plain)]


def test_what_is_removed_has_no_say_and_the_baseline_none_either() -> None:
    network = transformers.timm_vit()
    image, noisy = toy.image_of(SIZE), toy.image_of(SIZE)
    noisy[:, :, :16, :16] = 5.0  # patch 0
    engine, masks = engine_of(network), [0b111110, 0b100]
    scorers = [
        engine.scorer(toy.inputs_of(x, toy.image_of(SIZE, seed)), 1, MODEL)
        for seed, x in ((3, image), (4, noisy))
    ]
    scores = [scorer.score(masks, exact=True) for scorer in scorers]
    assert scores[0] == scores[1]
    assert scorers[0].score([0b1], exact=True) != scorers[1].score([0b1], exact=True)


def test_of_nothing_the_class_token_is_left() -> None:
    for make in (
        transformers.timm_vit,
        NETWORKS["distilled"],
        NETWORKS["registers"],
        NETWORKS["mean of all"],
    ):
        network = make()
        scorer = scorer_of(network)
        expected = gathered(network, scorer.image, [])[1].item()
        assert scorer.score([0], exact=True) == pytest.approx([expected], abs=1e-6)


@pytest.mark.parametrize("name", ["mean", "mean, no class token", "attention pooling"])
def test_where_nothing_is_left_to_pool_the_baseline_answers(name: str) -> None:
    scorer = scorer_of(NETWORKS[name]())
    baseline = scorer._engine.probabilities(scorer.baseline, exact=True)[0, 1]
    assert scorer.score([0, 0b11], exact=True)[0] == float(baseline)


def test_soft_masks_use_the_baseline() -> None:
    network, keep = transformers.timm_vit(), torch.rand(5, *SIZE, generator=torch.Generator().manual_seed(1))
    soft = scorer_of(network).score_soft(keep, exact=True)
    assert soft.equal(scorer_of(network, model=MaskModel(2, 3)).score_soft(keep, exact=True))


@pytest.mark.parametrize("pooling", ["token", "avg"])
def test_alone_in_a_batch_across_images_and_in_any_order_the_bits_are_the_same(pooling: str) -> None:
    # As wide as real ones: products of very narrow matrices round by place in the batch.
    network = transformers.timm_vit(global_pool=pooling, embed_dim=96, num_classes=100)
    engine = engine_of(network)
    inputs = [toy.inputs_of(toy.image_of(SIZE, seed)) for seed in range(3)]
    masks = list(range(64))
    random.Random(0).shuffle(masks)
    scorers = [engine.scorer(x, 1, MODEL) for x in inputs]
    together = engine.answer([(scorer, ScoreRequest(masks, exact=True)) for scorer in scorers])
    for x, scores in zip(inputs, together, strict=True):
        assert engine.scorer(x, 1, MODEL).score(masks[::-1], exact=True)[::-1] == scores
        assert [engine.scorer(x, 1, MODEL).score([m], exact=True)[0] for m in masks[:8]] == scores[:8]


def test_passes_hold_masks_of_one_size_and_short_ones_are_short() -> None:
    engine = engine_of(transformers.timm_vit())
    shapes = []

    def note(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        shapes.append((args[0].shape[0], args[0].shape[1]))

    engine._exact.get_submodule("blocks.0").register_forward_pre_hook(note)
    scorer = engine.scorer(toy.inputs_of(toy.image_of(SIZE)), 1, MODEL)
    scorer.score([0b1, 0b11, 0b10, 0b100, 0b101, 0b1000, 0b10000, 0], exact=True)
    assert sorted(shapes) == [(4, 1), (4, 5), (4, 5), (4, 9)]
    assert engine.n_forwards == scorer.forwards == 8


def test_both_mask_models_share_an_engine() -> None:
    network = transformers.timm_vit()
    engine, inputs = engine_of(network), toy.inputs_of(toy.image_of(SIZE), toy.image_of(SIZE, seed=9))
    models = [MODEL, MaskModel(2, 3)]
    scorers = [engine.scorer(inputs, 1, model) for model in models]
    together = engine.answer([(scorer, ScoreRequest(MASKS, exact=True)) for scorer in scorers])
    alone = [scorer_of(network, model=model).score(MASKS, exact=True) for model in models]
    assert together == alone
    assert together[0] != together[1]


def test_screens_in_bfloat16() -> None:
    network = transformers.timm_vit()
    engine = engine_of(network, precision="bfloat16")
    inputs = toy.inputs_of(toy.image_of(SIZE))
    exact = engine.scorer(inputs, 1, MODEL).score(MASKS, exact=True)
    scorer = engine.scorer(inputs, 1, MODEL)
    assert scorer.score(MASKS, exact=False) == pytest.approx(exact, abs=0.05)
    assert (len(scorer.table.screened), len(scorer.table.exact)) == (len(MASKS), 0)


def test_a_wrapped_transformer_is_found() -> None:
    network = transformers.timm_vit()
    wrapped = nn.Sequential(nn.Identity(), network)
    assert scorer_of(wrapped).score(MASKS, exact=True) == scorer_of(network).score(MASKS, exact=True)


def test_no_hook_stays_also_after_an_error() -> None:
    scorer = scorer_of(transformers.timm_vit())
    scorer.score([1], exact=True)
    parts = list(scorer._engine._exact.modules())
    assert not any(part._forward_hooks for part in parts)
    handle = scorer._engine._exact.get_submodule("blocks.1").register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scorer.score([2], exact=True)
    handle.remove()
    assert not any(part._forward_hooks for part in parts)


@pytest.mark.parametrize(
    ("network", "size", "model", "message"),
    [
        (
            toy.TwoConv(),
            SIZE,
            MODEL,
            'needs a vision transformer .* toy:net is none. Set removal = "baseline"',
        ),
        (transformers.timm_swin(), SIZE, MODEL, "needs a vision transformer"),
        (
            transformers.timm_vit(),
            SIZE,
            MaskModel(3, 3, removal="drop_tokens"),
            r"has 4 x 6 of them, which 3 x 3 patches do not divide. "
            r"Rows may be 1, 2 or 4; columns 1, 2, 3 or 6",
        ),
        (
            transformers.timm_vit(),
            SIZE,
            MaskModel(4, 12, removal="drop_tokens"),
            "4 x 12 patches do not divide",
        ),
        (
            transformers.timm_vit(),
            SIZE,
            MaskModel(partition="slic", removal="drop_tokens"),
            'needs partition = "grid"',
        ),
    ],
)
def test_what_cannot_be_dropped_is_an_error(
    network: nn.Module, size: tuple[int, int], model: MaskModel, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        token_dropping(toy.toy(network, size), model)
    with pytest.raises(ConfigError, match=message):
        engine_of(network, size).scorer(toy.inputs_of(toy.image_of(size)), 0, model)


def test_the_settings_ask_for_hard_borders_and_for_a_grid() -> None:
    settings = PerturbationSettings(rows=2, cols=3, removal="drop_tokens")
    assert settings.mask_model() == MODEL
    assert PerturbationSettings().mask_model().removal == "baseline"
    with pytest.raises(ValueError, match="superpixels cut tokens"):
        PerturbationSettings(partition="slic", removal="drop_tokens")
