"""Your own weights: ``checkpoint:<path>?arch=<library>:<name>&...``.

``<path>`` is a state dict (.pth, .pt, ...) or a .safetensors file, relative to the manifest's folder. Behind
"?", joined by "&", with "%26" for "&" and "%20" or "+" for a blank:

| key | meaning | default |
|---|---|---|
| arch | network: "timm:resnet18", "torchvision:vgg19" | required |
| classes | text file, one class name per line in class index order | "class 0", "class 1", ... |
| size | input size in pixels, "224" or "<height>x<width>" | as for the library's default weights |
| resize | shorter side before the centre crop, or "none": the whole photograph to size | likewise |
| interpolation | "bilinear" or "bicubic" | likewise |
| mean, std | three numbers with commas, for inputs in [0, 1] | likewise |
| cam_layer | module the CAM methods explain | the last feature map |
| title, licence, paper, url | as printed | the file's name; "not stated"; the architecture; none |

The number of classes is read off the final layer. Files are never unpickled: tensors only.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from gallery.classifier._architectures import build
from gallery.classifier._base import SOURCES, Facts, LoadedClassifier, Progress, finish
from gallery.classifier._weights import fit, read_tensors
from gallery.errors import ClassifierError
from gallery.records import Preprocessing
from gallery.registry import did_you_mean

KEYS = (
    "arch", "cam_layer", "classes", "interpolation", "licence", "mean",
    "paper", "resize", "size", "std", "title", "url",
)  # fmt: skip


@SOURCES.register("checkpoint", title="Your own weights", reference="the file's own")
def checkpoint(model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
    """Load weights from a file; see the module and ``Source``."""
    written, _, query = model.partition("?")
    spec = f"checkpoint:{written}"
    options = _options(spec, query)
    tensors = read_tensors(folder / written, spec)
    default = build(options["arch"])
    head = tensors.get(default.head)
    n_classes = default.module.state_dict()[default.head].shape[0] if head is None else int(head.shape[0])
    architecture = build(options["arch"], n_classes)
    if architecture.name in ("torchvision:googlenet", "torchvision:inception_v3"):
        # Auxiliary heads, which only training uses, are not built.
        tensors = {key: value for key, value in tensors.items() if not re.match(r"aux\d|AuxLogits", key)}
    fix = f"Check that arch={architecture.name} is the network they were trained in."
    fit(architecture.module, tensors, f"{spec} in {architecture.name}", fix)
    # An absolute path is this machine's business and does not go onto pages.
    name = Path(written).name if Path(written).is_absolute() else written
    facts = Facts(
        id=f"checkpoint:{name}",
        title=options.get("title", Path(written).stem),
        architecture=architecture.name,
        preprocessing=_preprocessing(spec, options, architecture.preprocessing),
        class_names=_class_names(spec, options["classes"], folder) if "classes" in options else None,
        licence=options.get("licence", "not stated"),
        paper=options.get("paper", f"architecture {architecture.name}"),
        url=options.get("url", ""),
        cam_layer=options.get("cam_layer"),
        is_slug_unique=False,
    )
    return finish(architecture.module, facts)


def _options(spec: str, query: str) -> dict[str, str]:
    """Return what stands behind "?".

    Raises:
        ClassifierError: If a key is unknown, given twice or empty, or ``arch`` is missing.
    """
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in KEYS:
            raise ClassifierError(f"{spec}: unknown key {key!r}. {did_you_mean(key, list(KEYS))}")
        if key in options or not value:
            raise ClassifierError(f"{spec}: {key}: given {'twice' if key in options else 'no value'}.")
        options[key] = value
    if "arch" not in options:
        raise ClassifierError(
            f'{spec}: weights alone do not say which network they belong to; add "?arch=<library>:<name>", '
            f'such as "{spec}?arch=timm:resnet18".'
        )
    return options


def _class_names(spec: str, written: str, folder: Path) -> tuple[str, ...]:
    try:
        lines = (folder / written).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
        raise ClassifierError(f"{spec}: classes={written}: cannot be read ({reason}).") from exc
    names = tuple(line.strip() for line in lines)
    if "" in names:
        raise ClassifierError(
            f"{spec}: classes={written}: line {names.index('') + 1} is empty; one name per line."
        )
    return names


def _preprocessing(spec: str, options: dict[str, str], default: Preprocessing) -> Preprocessing:
    """Return the default preprocessing changed by what is given.

    Raises:
        ClassifierError: If a value cannot be understood; names its key.
    """
    changes: dict[str, Any] = {}
    for key, pattern, expected in (
        ("size", r"[1-9]\d*(x[1-9]\d*)?", '"224" or "<height>x<width>"'),
        ("resize", r"[1-9]\d*|none", '"256" or "none"'),
        ("interpolation", r"bilinear|bicubic", '"bilinear" or "bicubic"'),
        ("mean", r"[\d.eE+-]+(,[\d.eE+-]+){2}", '"0.485,0.456,0.406"'),
        ("std", r"[\d.eE+-]+(,[\d.eE+-]+){2}", '"0.229,0.224,0.225"'),
    ):
        if key not in options:
            continue
        try:
            if not re.fullmatch(pattern, options[key]):
                raise ValueError(key)  # noqa: TRY301
            changes[key] = _parse(key, options[key])
        except ValueError as exc:
            raise ClassifierError(f"{spec}: {key}={options[key]}: expected {expected}.") from exc
    return dataclasses.replace(default, **changes)


def _parse(key: str, text: str) -> Any:  # noqa: ANN401
    """Return a preprocessing field from its text; ValueError if a number is malformed or a std is not > 0."""
    if key == "size":
        height, _, width = text.partition("x")
        return int(height), int(width or height)
    if key == "resize":
        return None if text == "none" else int(text)
    if key == "interpolation":
        return text
    numbers = tuple(float(number) for number in text.split(","))
    if key == "std" and min(numbers) <= 0:
        raise ValueError(text)
    return numbers
