"""Networks by name, without trained weights, from torchvision and timm: "<library>:<name>"."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from types import MappingProxyType
from typing import Any, Literal

import timm
import torch
import torchvision
from timm.data.config import resolve_model_data_config
from torch import nn

from gallery.errors import ClassifierError
from gallery.records import Preprocessing

RANDOM_SEED = 0
"""Seed of the weights of ``@random`` networks."""

# What torchvision does to these two when it loads its own weights; other networks need nothing of the kind.
_TORCHVISION_EXTRAS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        name: MappingProxyType({"transform_input": True, "aux_logits": False, "init_weights": False})
        for name in ("googlenet", "inception_v3")
    }
)


@dataclass(frozen=True)
class Architecture:
    """A network with random weights.

    Attributes:
        name: "<library>:<name>".
        module: The network, on the CPU.
        preprocessing: That of the library's default weights for this network.
        head: State-dict key of the final layer's weight, (K, ...).
    """

    name: str
    module: nn.Module
    preprocessing: Preprocessing
    head: str


def suggestion(name: str, known: Sequence[str], listing: str) -> str:
    """Return "Did you mean ...?" for names close to ``name``, else how to list the many there are."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else f"{listing} lists all names."


def build(spec: str, n_classes: int | None = None) -> Architecture:
    """Return the network that ``spec`` = "<library>:<name>" names, with random weights from a fixed seed.

    Args:
        spec: Library ("timm" or "torchvision") and name.
        n_classes: K; the library's default if None.

    Raises:
        ClassifierError: If there is no such library or network, or its inputs cannot be made.
    """
    library, _, name = spec.partition(":")
    makers = {"timm": build_timm, "torchvision": build_torchvision}
    if library not in makers or not name:
        raise ClassifierError(
            f'Architecture {spec!r}: expected "timm:<name>" or "torchvision:<name>", such as "timm:resnet18".'
        )
    return makers[library](name, n_classes)


def build_torchvision(name: str, n_classes: int | None = None) -> Architecture:
    """Return torchvision's classification network ``name``; see ``build``."""
    check_torchvision(name)
    options = {
        **_TORCHVISION_EXTRAS.get(name, {}),
        **({} if n_classes is None else {"num_classes": n_classes}),
    }
    module = seeded(lambda: torchvision.models.get_model(name, weights=None, **options))
    published = torchvision.models.get_model_weights(name)
    recipes = [torchvision_preprocessing(weights.transforms()) for weights in (published.DEFAULT, *published)]
    if name.startswith("vit_"):  # built for one input size, which need not be the default weights'
        recipes = [recipe for recipe in recipes if recipe.size[0] == module.image_size]
    return Architecture(f"torchvision:{name}", module, recipes[0], last_weight(module))


def build_timm(name: str, n_classes: int | None = None) -> Architecture:
    """Return timm's network ``name`` (a tag after "." chooses its preprocessing); see ``build``."""
    check_timm(name)
    options: dict[str, Any] = {} if n_classes is None else {"num_classes": n_classes}
    module = seeded(lambda: timm.create_model(name, pretrained=False, **options))
    config = getattr(module, "pretrained_cfg", {})
    head = config.get("classifier")
    head = head[0] if isinstance(head, list | tuple) else head
    head = f"{head}.weight" if head and f"{head}.weight" in module.state_dict() else last_weight(module)
    return Architecture(f"timm:{name.partition('.')[0]}", module, timm_preprocessing(name, module), head)


def check_torchvision(name: str) -> None:
    """Raise ClassifierError unless torchvision has a classification network ``name``."""
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        hint = suggestion(name, known, "torchvision.models.list_models(module=torchvision.models)")
        raise ClassifierError(f"torchvision has no classification network {name!r}. {hint}")


def check_timm(name: str) -> None:
    """Raise ClassifierError unless timm has a network ``name``, and weights under its tag if it has one."""
    base, dot, _ = name.partition(".")
    if not timm.is_model(base):
        raise ClassifierError(
            f"timm has no network {base!r}. {suggestion(base, timm.list_models(), 'timm.list_models()')}"
        )
    listing = f"timm.list_pretrained('{base}.*')"
    if dot and name not in (tags := timm.list_pretrained(f"{base}.*")):
        raise ClassifierError(f"timm has no weights {name!r}. {suggestion(name, tags, listing)}")


def torchvision_preprocessing(transforms: Any) -> Preprocessing:  # noqa: ANN401  # torchvision is untyped
    """Return the preprocessing that comes with a set of torchvision weights."""
    interpolation: Literal["bilinear", "bicubic"] = (
        "bicubic" if transforms.interpolation.value == "bicubic" else "bilinear"
    )
    (crop,), (resize,) = transforms.crop_size, transforms.resize_size
    return Preprocessing(
        (crop, crop), resize, interpolation, _triple(transforms.mean), _triple(transforms.std)
    )


def timm_preprocessing(name: str, module: nn.Module) -> Preprocessing:
    """Return the evaluation preprocessing timm states for a network (training input size).

    Raises:
        ClassifierError: If it crops in a way a ``Preprocessing`` cannot say.
    """
    config = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    channels, height, width = config["input_size"]
    crop_pct, mode = config["crop_pct"], config["crop_mode"]
    is_plain = mode == "squash" and crop_pct == 1.0
    if channels != 3 or config["interpolation"] not in ("bilinear", "bicubic"):
        raise ClassifierError(
            f"timm:{name}: needs {channels}-channel input, {config['interpolation']}; not supported."
        )
    if not is_plain and (mode != "center" or height != width):
        raise ClassifierError(
            f"timm:{name}: crops by {mode!r} at {crop_pct:g} to {height} x {width} px, which is not "
            "supported; choose other weights (another tag) or another network."
        )
    resize = None if is_plain else floor(height / crop_pct)
    return Preprocessing(
        (height, width), resize, config["interpolation"], _triple(config["mean"]), _triple(config["std"])
    )


def last_weight(module: nn.Module) -> str:
    """Return the key of the last weight of two or more dimensions: that of the classifying layer."""
    return [
        key for key, tensor in module.state_dict().items() if key.endswith("weight") and tensor.ndim >= 2
    ][-1]


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def seeded(make: Callable[[], Any]) -> nn.Module:
    """Return ``make()`` with its random draws from a fixed seed, the global random state left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        module: nn.Module = make()
    return module
