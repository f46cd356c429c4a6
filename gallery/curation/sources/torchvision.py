"""``torchvision:<Dataset>?index=<n>``: items of a torchvision data set.

After the question mark come ``key=value`` pairs joined by ``&``:

- ``index``: which items, counted from 0: ``3``, ``0,5,9`` or ``0-9`` (both ends included). Required.
- ``split``: passed on; for data sets that have ``train=True/False`` instead, "train" or "test".
- ``root``: where the data lies, relative to the manifest; default ``data``.
- ``download``: ``true`` to let torchvision download it; nothing is downloaded otherwise.
- anything else the data set's constructor takes: text, whole or decimal number, ``true`` or ``false``.

The label is the data set's own class name. torch is imported when the first photograph is read. Some data
sets of torchvision unpickle their files after checking a checksum (CIFAR); that is torchvision's doing.
"""

import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from PIL import Image

from gallery.curation.colour import to_rgb
from gallery.curation.decode import Photograph, pixel_digest
from gallery.curation.names import title
from gallery.curation.problems import SourceError
from gallery.curation.sources import SOURCES, Item, Skipped
from gallery.registry import did_you_mean

EXAMPLE = '"torchvision:CIFAR10?split=test&index=0-9&root=data".'
_MAX_ITEMS = 1_000_000


@dataclass(frozen=True)
class _Request:
    dataset: str
    options: tuple[tuple[str, str], ...]
    root: Path
    where: str


@SOURCES.register("torchvision", title="torchvision data set", reference=EXAMPLE)
def torchvision_source(argument: str, folder: Path) -> list[Item | Skipped]:
    """List the chosen items of a data set, without importing torchvision.

    Raises:
        SourceError: If ``argument`` does not follow the syntax of the module's docstring.
    """
    where = f"torchvision:{argument}"
    name, _, query = argument.partition("?")
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) if query else {}
    except ValueError as error:
        raise SourceError(
            where, f"{query!r} is not key=value pairs joined by &.", f"Write {EXAMPLE}"
        ) from error
    written = options.pop("index", "")
    indices = _indices(written, where)
    root = options.pop("root", "data")
    request = _Request(name, tuple(options.items()), folder / root, where)
    dataset = functools.cache(functools.partial(_open, request))
    words = [name, *(value for key, value in request.options if key == "split")]
    shown = "".join(f"{key}={value}&" for key, value in request.options)
    return [
        Item(
            name="-".join([*words, str(index)]),
            title=title(" ".join([*words, str(index)])),
            source=f"torchvision:{name}?{shown}index={index}",
            where=where,
            read=functools.partial(_read, dataset, index, where),
            member=not written.isdigit(),
        )
        for index in indices
    ]


def _indices(text: str, where: str) -> list[int]:
    """Return the numbers in "3", "0,5,9" or "0-9", in the order written."""
    chosen: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        numbers = [first, last] if dash else [first]
        if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
            reason = (
                f"index={text!r} does not say which items to take."
                if text
                else "It does not say which items."
            )
            raise SourceError(where, reason, 'Add index=3, index=0,5,9 or index=0-9 after the "?".')
        if int(numbers[-1]) - int(numbers[0]) >= _MAX_ITEMS:
            raise SourceError(
                where, f"index={text!r} asks for too many items.", f"Take at most {_MAX_ITEMS:,}."
            )
        chosen += range(int(numbers[0]), int(numbers[-1]) + 1)
    if not chosen or len(set(chosen)) != len(chosen):
        raise SourceError(where, f"index={text!r} is empty or names an item twice.", "Name each item once.")
    return chosen


def _read(dataset: Callable[[], Any], index: int, where: str) -> Photograph:
    opened = dataset()
    if index >= len(opened):
        raise SourceError(
            where, f"There is no item {index}; the data set has {len(opened)}.", "Choose a lower index."
        )
    try:
        picture, *targets = opened[index]
        if not isinstance(picture, Image.Image):
            raise SourceError(
                where, f"Item {index} is no picture.", "Choose a data set of single photographs."
            )
        pixels = to_rgb(picture)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise SourceError(
            where, f"Item {index} cannot be read: {error}.", "Check the data set's files."
        ) from error
    return Photograph(pixels, pixel_digest(pixels), _class_name(opened, targets))


def _class_name(dataset: Any, targets: list[Any]) -> str | None:  # noqa: ANN401
    """Return the class name of an item's target; of several synonyms the first."""
    names = getattr(dataset, "classes", None) or getattr(dataset, "categories", None)
    target = targets[0] if targets else None
    if not isinstance(names, list | tuple) or not isinstance(target, int) or not 0 <= target < len(names):
        return None
    name = names[target]
    return str(name[0] if isinstance(name, list | tuple) and name else name)


def _open(request: _Request) -> Any:  # noqa: ANN401
    """Construct the data set; nothing is downloaded unless the options say so."""
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError as error:
        fix = "Install it: python -m pip install torchvision"
        raise SourceError(request.where, f"torchvision cannot be imported: {error}.", fix) from error
    known = [name for name in datasets.__all__ if inspect.isclass(getattr(datasets, name))]
    if request.dataset not in known:
        reason = f"torchvision has no data set {request.dataset!r}."
        raise SourceError(request.where, reason, did_you_mean(request.dataset, known))
    constructor = getattr(datasets, request.dataset)
    arguments = _arguments(request, inspect.signature(constructor).parameters)
    try:
        return constructor(**arguments)
    except (OSError, RuntimeError, ValueError, TypeError, ImportError) as error:
        detail = " ".join(str(error).split()).rstrip(".")
        fix = f"Put its files under {request.root.name!r} (root=...), or add download=true to fetch them."
        raise SourceError(request.where, f"The data set cannot be opened: {detail}.", fix) from error


def _arguments(request: _Request, parameters: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the constructor's keyword arguments, with ``split`` mapped to ``train`` where need be."""
    arguments: dict[str, Any] = {}
    settable = [
        name
        for name in parameters
        if name not in {"root", "transform", "target_transform", "transforms", "loader"}
    ]
    for key, value in request.options:
        if key == "split" and "split" not in parameters and "train" in parameters:
            if value not in {"train", "test"}:
                raise SourceError(request.where, f"split={value!r} is unknown.", "It is train or test.")
            arguments["train"] = value == "train"
        elif key in settable:
            arguments[key] = _value(value)
        else:
            hint = did_you_mean(key, [*settable, "index", "root"])
            raise SourceError(request.where, f"{request.dataset} takes no option {key!r}.", hint)
    if "root" in parameters:
        arguments["root"] = str(request.root)
    if "download" in parameters:
        arguments.setdefault("download", False)
    return arguments


def _value(text: str) -> bool | int | float | str:
    if text in {"true", "false"}:
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
