"""Records to JSON and arrays, and back, by their type annotations; nothing is ever unpickled."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from gallery.errors import StoreError

RecordT = TypeVar("RecordT")
Arrays = dict[str, "np.ndarray[Any, Any]"]

LATER: Mapping[str, Any] = types.MappingProxyType({"later": True})
"""Metadata of fields that a record got later: left out of JSON while they hold their default, and taken to
hold it where JSON has none, so that results stored before keep their bytes and stay readable."""
SCALARS = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}
"""Annotation -> what JSON may hold for it."""


def encode(record: object) -> tuple[Any, Arrays]:
    """Return a record as plain JSON values and the arrays taken out of it.

    An array is replaced by ``{"array": name}``, and a mapping by a list of pairs, which keeps its order and
    the types of its keys. Integers are kept as hexadecimal text where they may exceed 53 bits (patch masks),
    because other JSON readers round them.

    Raises:
        StoreError: If two arrays would get the same name.
    """
    arrays: Arrays = {}
    return _plain(record, "", arrays), arrays


def decode(kind: type[RecordT], value: Any, arrays: Mapping[str, Any]) -> RecordT:  # noqa: ANN401
    """Return the record that ``encode`` turned into ``value`` and ``arrays``.

    Raises:
        StoreError: If a field is missing or has the wrong form.
    """
    try:
        return typing.cast("RecordT", _typed(kind, value, arrays))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"a stored {kind.__name__} does not match this version: {error}") from error


def _plain(value: Any, path: str, arrays: Arrays) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if not _is_left_out(f, getattr(value, f.name))]
        return {name: _plain(getattr(value, name), f"{path}/{name}", arrays) for name in names}
    if isinstance(value, np.ndarray):
        if path in arrays:
            raise StoreError(f"two arrays of one record are both called {path!r}.")
        arrays[path] = value
        return {"array": path}
    if isinstance(value, Mapping):
        return [[key, _plain(item, f"{path}/{key}", arrays)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}/{i}", arrays) for i, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"hex": f"{value:x}"}
    return value


def _is_left_out(field: "dataclasses.Field[Any]", value: Any) -> bool:  # noqa: ANN401
    return "later" in field.metadata and bool(value == field.default)


def _typed(kind: Any, value: Any, arrays: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        wanted = [a for a in typing.get_args(kind) if a is not type(None)]
        if value is None or (len(wanted) > 1 and not isinstance(value, dict)):
            return value
        kind = wanted[0]
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, arrays)
    if isinstance(value, dict):
        return arrays[value["array"]] if "array" in value else int(value["hex"], 16)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        return tuple(_typed(k, item, arrays) for k, item in zip(kinds, _list(value), strict=True))
    if origin is list:
        return [_typed(args[0], item, arrays) for item in _list(value)]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_scalar(args[0], key): _typed(args[1], item, arrays) for key, item in _list(value)}
    if kind is Any and isinstance(value, list):
        return [_typed(Any, item, arrays) for item in value]
    return _scalar(kind, value)


def _record(kind: Any, value: Any, arrays: Mapping[str, Any]) -> Any:  # noqa: ANN401
    hints = typing.get_type_hints(kind)
    there = [f for f in dataclasses.fields(kind) if "later" not in f.metadata or f.name in value]
    return kind(**{f.name: _typed(hints[f.name], value[f.name], arrays) for f in there})


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {value!r}")
    return value


def _scalar(kind: Any, value: Any) -> Any:  # noqa: ANN401
    """Return ``value`` if it may stand for ``kind``; kinds without a rule take anything."""
    if typing.get_origin(kind) is typing.Literal:
        allowed = value in typing.get_args(kind)
    else:
        wanted = SCALARS.get(kind, (object,))
        allowed = isinstance(value, wanted) and (
            kind is bool or not isinstance(value, bool) or kind not in SCALARS
        )
    if not allowed:
        raise TypeError(f"expected {getattr(kind, '__name__', kind)}, got {value!r}")
    return value
