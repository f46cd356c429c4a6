"""Values and options as TOML text, for manifests written for people to edit."""

import json
import re
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_BOUNDS = (("ge", "at least {}"), ("gt", "more than {}"), ("le", "at most {}"), ("lt", "less than {}"))


def toml_value(value: Any) -> str:  # noqa: ANN401
    """Return ``value`` (text, bool, number, or list or table of these) as TOML on one line.

    Raises:
        ValueError: If text holds lone surrogates (an undecodable file name), which TOML cannot express.
        TypeError: For any other kind of value.
    """
    if isinstance(value, str):
        value.encode("utf-8")
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, dict):
        pairs = [f"{_key(name)} = {toml_value(item)}" for name, item in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else toml_value(name)


def option_lines(model: type[BaseModel], *, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """Return one commented-out line per option of ``model``: its default and its meaning.

    Lines start with "# " where removing it gives valid TOML, and with "## " where there is only prose.
    """
    lines = []
    for name, field in model.model_fields.items():
        if name in leave_out or _is_section(field):
            continue
        if field.is_required() or field.get_default(call_default_factory=True) is None:
            lines.append(f"## {name} (not set): {meaning(field)}")
        else:
            default = toml_value(field.get_default(call_default_factory=True))
            lines.append(f"# {name} = {default}  # {meaning(field)}")
    return lines


def section_lines(model: type[BaseModel]) -> list[str]:
    """Return the commented-out tables of ``model``'s sections, each with its options."""
    lines = []
    for name, field in model.model_fields.items():
        section = field.annotation
        if _is_section(field) and isinstance(section, type) and issubclass(section, BaseModel):
            purpose = (section.__doc__ or "").split("\n")[0].partition(": ")[2]
            lines += ["", f"## {purpose[:1].upper()}{purpose[1:]}", f"# [{name}]", *option_lines(section)]
    return lines


def meaning(field: FieldInfo) -> str:
    """Return the description of an option with its choices or bounds."""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    bounds = [
        text.format(bound)
        for constraint in field.metadata
        for attribute, text in _BOUNDS
        if (bound := getattr(constraint, attribute, None)) is not None
    ]
    extra = " or ".join(toml_value(choice) for choice in choices) if len(choices) > 1 else ", ".join(bounds)
    return f"{field.description or ''} ({extra})" if extra else field.description or ""


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
