"""What every registered heatmap method must do."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject, bound
from tests import toy, transformers
from tests.explain.heatmaps import patch_games
from tests.explain.heatmaps.queried import queried

CHEAP: dict[str, dict[str, Any]] = {
    "rise": {"n_masks": 32},
    "igos": {"iterations": 2, "size": 5, "path_points": 3, "l1": 0.0, "tv": 0.01},
    "igos_plus_plus": {"iterations": 2, "size": 5, "path_points": 3, "l1": 0.0, "tv": 0.01},
    "extremal_perturbation": {"iterations": 3},
    "smoothgrad_cam_plus_plus": {"n_samples": 2},
    "occlusion": {"cells": 3, "steps": 2},
    "integrated_gradients": {"n_steps": 4},
    "smoothgrad": {"n_samples": 3},
    "lime": {"n_samples": 60},
    "kernel_shap": {"n_samples": 60},
}
SIZE = (24, 32)
METHODS = HEATMAPS.names()
STRUCTURAL = [m for m in METHODS if {"uses_search", "uses_graph"} & set(HEATMAPS[m].facts)]
MSES = [toy.mask(0, 1), toy.mask(1, 8, 9)]


def network(method: str) -> tuple[nn.Module, str]:
    """Return a network that ``method`` can explain, and its CAM layer."""
    if method == "class_attention":
        return queried(), ""
    if method == "attention_rollout":
        return transformers.timm_vit(img_size=SIZE), ""
    return (toy.Pooled(), "features") if method == "cam" else (toy.TwoConv(), "first")


def subject(
    method: str, *, seed: int = 0, image: Tensor | None = None, module: nn.Module | None = None
) -> Subject:
    own, layer = network(method)
    classifier = toy.toy(module or own, SIZE, cam_layer=layer)
    image = toy.image_of(SIZE) if image is None else image
    what = toy.subject_of(classifier, image, target=1, seed=seed)
    what.structure = lambda: patch_games.structure_of(toy.dnf(*MSES), MSES)
    return what


def run(method: str, what: Subject) -> RawMap:
    return bound(method, HEATMAPS.options(method, CHEAP.get(method, {})))(what)


@pytest.mark.parametrize("method", METHODS)
def test_map_is_a_finite_float32_plane_no_larger_than_the_image(method: str) -> None:
    native = run(method, subject(method)).native
    assert native.dtype == torch.float32
    assert native.ndim == 2
    assert all(1 <= side <= whole for side, whole in zip(native.shape, SIZE, strict=True))
    assert bool(native.isfinite().all())
    assert bool(native.any())
    assert not native.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_bytes(method: str) -> None:
    first, second = run(method, subject(method, seed=4)), run(method, subject(method, seed=4))
    assert first.native.numpy().tobytes() == second.native.numpy().tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_only_seeded_methods_depend_on_the_seed(method: str) -> None:
    first, second = run(method, subject(method, seed=4)), run(method, subject(method, seed=5))
    assert first.seeded == second.seeded == HEATMAPS[method].facts.get("is_seeded", False)
    assert first.native.equal(second.native) is not first.seeded


@pytest.mark.parametrize("method", METHODS)
def test_input_is_untouched(method: str) -> None:
    image = toy.image_of(SIZE)
    before = image.clone()
    run(method, subject(method, image=image))
    assert torch.equal(image, before)


@pytest.mark.parametrize("method", METHODS)
def test_constant_image_gives_a_finite_map(method: str) -> None:
    assert bool(run(method, subject(method, image=torch.zeros(1, 3, *SIZE))).native.isfinite().all())


@pytest.mark.parametrize("method", METHODS)
def test_uses_the_baseline_only_where_it_says_so(method: str) -> None:
    plain, other = subject(method), subject(method)
    other.scorer.baseline = torch.ones(1, 3, *SIZE)
    same = run(method, plain).native.equal(run(method, other).native)
    assert same is not HEATMAPS[method].facts.get("uses_baseline", False)


class Fragile(nn.Module):
    """Mixed into a network: works ``left`` times, then raises in the middle of a pass."""

    left = 10**9

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, or raise."""
        self.left -= 1
        out: Tensor = super().forward(x)
        if self.left < 0:
            raise RuntimeError("out of order")
        return out


def fragile(method: str) -> nn.Module:
    """Return a network that ``method`` can explain, and that can be broken."""
    module, _ = network(method)
    module.__class__ = type("Broken", (Fragile, type(module)), {})
    return module


@pytest.mark.parametrize(
    ("method", "fails"),
    [(m, False) for m in METHODS] + [(m, True) for m in METHODS if m not in STRUCTURAL],  # they run nothing
)
def test_classifier_is_left_as_found(method: str, fails: bool) -> None:
    module = fragile(method)
    what = subject(method, module=module)
    next(module.children()).train()
    weight = [p for p in module.parameters() if p.ndim == 2][-1]
    weight.requires_grad_()
    weight.grad = torch.ones_like(weight)
    next(module.children()).register_forward_hook(lambda *_: None)
    parts = list(module.modules())
    flags, hooks = [m.training for m in parts], [dict(m._forward_hooks) for m in parts]
    state = {name: value.clone() for name, value in module.state_dict().items()}
    random_state = torch.get_rng_state()
    if fails:
        what.scorer = toy.scorer_of(what.classifier, what.image, 1)  # with a copy that will not fail
        broken = what.scorer._engine._exact
        module.left = broken.left = 0  # type: ignore[assignment]
        with pytest.raises(RuntimeError, match="out of order"):
            run(method, what)
    else:
        run(method, what)
    assert [m.training for m in parts] == flags
    assert [dict(m._forward_hooks) for m in parts] == hooks
    assert [p.requires_grad for p in module.parameters()].count(True) == 1
    assert [p.grad is None for p in module.parameters()].count(False) == 1
    assert torch.equal(weight.grad, torch.ones_like(weight))
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize("method", METHODS)
def test_has_a_test_module_title_reference_and_page_text(method: str) -> None:
    entry = HEATMAPS[method]
    assert (Path(__file__).parent / f"test_{method}.py").is_file()
    assert entry.title
    assert re.search(r"(19|20)\d\d", entry.reference)
    assert entry.doc.count("$$") >= 2


@pytest.mark.parametrize("method", [m for m in METHODS if "layer" in HEATMAPS[m].defaults])
def test_classifier_without_a_feature_map_is_named(method: str) -> None:
    what = toy.subject_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE))
    with pytest.raises(ClassifierError, match=r'toy:net has no layer with a feature map .* option "layer"'):
        run(method, what)
