"""pydantic's validation errors -> problems in plain words: key, what is wrong, what to write instead."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gallery.config import SetSettings
from gallery.errors import Problem
from gallery.registry import did_you_mean

Step = str | int

_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list in brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_LIMITS = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "less than {lt:g}",
}
_PATTERNS = {
    "id": 'Use at most 64 lower-case letters, digits, "-" and "_", starting with a letter or digit.',
    "sha256": "Write the 64 hexadecimal digits that sha256sum prints, in lower case.",
    "date": 'Write a year or an ISO date: "2026" or "2026-11-20".',
    "url": 'Write a whole address: "https://...".',
    "source_url": 'Write a whole address: "https://...".',
}


def problems_of(error: ValidationError, raw: Mapping[str, Any], where: str) -> list[Problem]:
    """Return one problem per wrong key.

    Args:
        error: What validating ``raw`` as ``SetSettings`` raised.
        raw: The parsed manifest.
        where: The manifest, as the user wrote it.
    """
    problems: dict[tuple[Step, ...], Problem] = {}
    alternatives: dict[tuple[Step, ...], list[str]] = {}
    for detail in error.errors(include_url=False):
        path = _path_in(raw, detail["loc"], detail["type"])
        wanted = _WANTED.get(detail["type"])
        if detail["type"] == "literal_error":
            wanted = detail["ctx"]["expected"].replace("'", '"')
        if wanted:  # a key of two types gives one error for each of them
            alternatives.setdefault(path, []).append(wanted)
        reason, fix = _say(detail, path, raw)
        if wanted and len(alternatives[path]) > 1:
            reason = f"Expected {' or '.join(alternatives[path])}, got {_shown(detail['input'])}."
        problems[path] = Problem(where, key_of(path, raw), reason, fix)
    return list(problems.values())


def key_of(path: Sequence[Step], raw: Mapping[str, Any]) -> str:
    """Return a key as users read it: ``search.p_high``, ``images[3].licence (id 'cat')``."""
    key = ""
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}" if key else step
    if len(path) > 1 and path[0] == "images" and isinstance(path[1], int):
        image = raw["images"][path[1]]
        for name in ("id", "source"):
            if path[-1] != name and isinstance(image, dict) and isinstance(image.get(name), str):
                return f"{key} ({name} {image[name]!r})"
    return key


def _path_in(raw: Any, loc: Sequence[Step], kind: str) -> tuple[Step, ...]:  # noqa: ANN401
    """Return the part of pydantic's location that exists in the file, without its union tags."""
    path: list[Step] = []
    value = raw
    for step in loc:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if step in known:
            value = value[step]
        elif kind != "missing" or not isinstance(value, dict):
            break
        path.append(step)
    return tuple(path)


def _say(detail: ErrorDetails, path: tuple[Step, ...], raw: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong and what to do."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    name = str(path[-1]) if path else ""
    field = _field_at(path)
    meaning = f"Meaning: {field.description}" if field and field.description else ""
    if kind == "extra_forbidden":
        return "Unknown key.", did_you_mean(name, _known_beside(path))
    if kind == "missing":
        return "It is missing.", f"Add it. {meaning}".strip()
    if kind in _WANTED:
        return f"Expected {_WANTED[kind]}, got {_shown(given)}.", _type_fix(kind, name, given, meaning)
    if kind == "literal_error":
        options = _options(field)
        if not isinstance(given, str) and _is_union(field):
            return f"{_sentence(_shown(given))} is not one of the choices.", meaning
        hint = did_you_mean(given, options) if isinstance(given, str) else f"Known: {', '.join(options)}."
        return f"{_sentence(_shown(given))} is not one of the choices.", hint
    if kind in _LIMITS:
        return f"It must be {_LIMITS[kind].format(**context)}, got {_shown(given)}.", meaning
    if kind == "finite_number":
        return f"It must be a finite number, got {_shown(given)}.", meaning
    if kind in {"string_too_short", "too_short"}:
        what = "[[images]] entry" if path == ("images",) else "value"
        return "It is empty.", f"Give at least one {what}. {meaning}".strip()
    if kind == "string_pattern_mismatch":
        return f"{_sentence(_shown(given))} is not in the right form.", _PATTERNS.get(name, meaning)
    if kind == "value_error":
        said = str(context.get("error", detail["msg"]))
        is_composite = len(path) == 2 and path[0] == "images"
        fix = 'Write source = "composite" and parts = ["id-1", "id-2", "id-3", "id-4"].'
        if "mark an object" in said:
            fix = "Leave them out, or mark the object in the photographs themselves."
        return f"{_sentence(said)}.", fix if is_composite else meaning
    return f"{_sentence(detail['msg'])}, got {_shown(given)}.", meaning


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _type_fix(kind: str, name: str, given: Any, meaning: str) -> str:  # noqa: ANN401
    if kind == "string_type" and not isinstance(given, list | dict):
        return f'Put it in quotes: {name} = "{given}".'
    if kind == "list_type" and name == "images":
        return "Write [[images]], in double brackets, above each image."
    if kind in {"dict_type", "model_type", "model_attributes_type"}:
        return (
            f"Write [{name}] on a line of its own, and what belongs to it below."
            if name.isalpha()
            else meaning
        )
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(given, str):
        return f"Leave the quotes out. {meaning}".strip()
    return meaning


def _shown(value: Any) -> str:  # noqa: ANN401
    """Return a value and its kind in the words of TOML: ``the text '7'``, ``the number 7``."""
    if isinstance(value, str):
        return f"the text {value if len(value) <= 60 else value[:57] + '...'!r}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return f"the date or time {value}" if value is not None else "nothing"


def _model_at(path: Sequence[Step]) -> type[BaseModel] | None:
    """Return the settings model whose key ``path`` ends with."""
    model: type[BaseModel] | None = SetSettings
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in models if model), None)


def _field_at(path: Sequence[Step]) -> FieldInfo | None:
    model = _model_at(path)
    return model.model_fields.get(path[-1]) if model and path and isinstance(path[-1], str) else None


def _known_beside(path: Sequence[Step]) -> list[str]:
    model = _model_at(path)
    return list(model.model_fields) if model else []


def _is_union(field: FieldInfo | None) -> bool:
    return field is not None and get_origin(field.annotation) in {Union, types.UnionType}


def _options(field: FieldInfo | None) -> list[str]:
    annotation = field.annotation if field else None
    if _is_union(field):
        annotation = next((a for a in get_args(annotation) if get_origin(a) is Literal), None)
    return [str(option) for option in get_args(annotation)]
