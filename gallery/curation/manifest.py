"""Reading ``gallery.toml``: everything that is wrong with it, at once and in plain words."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gallery.config import ImageEntry, SetSettings
from gallery.curation.plan import NumberedEntry, Planned, plan
from gallery.curation.problems import Failure, SourceError
from gallery.curation.sources import COMPOSITE, split_source
from gallery.curation.wording import key_of, problems_of
from gallery.errors import Problem, ProblemsError
from gallery.registry import did_you_mean

_DEFAULT_SET = Path(__file__).parent / "default_set" / "gallery.toml"


@dataclass(frozen=True)
class Inspection:
    """What reading a manifest gave.

    Attributes:
        settings: The whole set; None if anything is wrong.
        entries: The image entries that are valid, also if others are not.
        problems: Everything wrong with the file itself; the photographs are not opened.
    """

    settings: SetSettings | None
    entries: tuple[NumberedEntry, ...]
    problems: tuple[Problem, ...]


def default_manifest() -> Path:
    """Return the manifest of the default set, which is part of this package."""
    return _DEFAULT_SET


def load_settings(path: Path) -> SetSettings:
    """Read and validate a manifest.

    Args:
        path: ``gallery.toml``.

    Raises:
        ProblemsError: If the file is missing, is not TOML, or holds anything it must not; ``problems`` has
            all of it.
    """
    inspection = inspect_manifest(path)
    if inspection.settings is None:
        raise ProblemsError(inspection.problems)
    return inspection.settings


def inspect_manifest(path: Path) -> Inspection:
    """Read a manifest and return what is valid and what is not; never raises for its content."""
    where = str(path)
    raw = _parse(path)
    if isinstance(raw, Problem):
        return Inspection(None, (), (raw,))
    problems: list[Problem] = []
    settings: SetSettings | None = None
    try:
        settings = SetSettings.model_validate(raw, strict=True)
    except ValidationError as error:
        problems += problems_of(error, raw, where)
    entries = _valid_entries(raw)
    problems += _unknown_sources(raw, where)
    problems += _duplicate_ids(raw, where)
    problems += _wrong_parts(entries, raw, path.parent, where)
    ordered = tuple(sorted(problems, key=_place))
    return Inspection(None if ordered else settings, entries, ordered)


def _parse(path: Path) -> dict[str, Any] | Problem:
    """Return the parsed TOML, or why it cannot be."""
    where = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        folder = path.parent if path.suffix else path  # which may have meant either
        fix = f"Check the path, or create a set with: gallery init {folder}"
        return Problem(where, "file", "There is no such file.", fix)
    except IsADirectoryError:
        return Problem(
            where, "file", "This is a folder.", f"Name the manifest in it: {path / 'gallery.toml'}"
        )
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(
            where, f"line {line}", "The text is not UTF-8.", "Save the file in the encoding UTF-8."
        )
    except tomllib.TOMLDecodeError as error:
        return _syntax_problem(where, text, str(error))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Problem(where, "file", f"It cannot be read: {reason}.", "Check the path and its permissions.")


def _syntax_problem(where: str, text: str, message: str) -> Problem:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    lines = text.splitlines()
    number = int(place[1]) if place else max(len(lines), 1)
    content = lines[number - 1].strip() if number <= len(lines) else ""
    said = re.sub(r"\s*\(at [^)]*\)", "", message).rstrip(".")
    fix = "Text needs quotes, lists need brackets and commas."
    if "escape" in said or "\\" in content:
        fix = "Write paths with /, or in single quotes: 'a\\b.jpg'."
    return Problem(where, f"line {number}", f"Not valid TOML: {said}, near {content[:80]!r}.", fix)


def _raw_images(raw: Mapping[str, Any]) -> list[Any]:
    images = raw.get("images")
    return images if isinstance(images, list) else []


def _valid_entries(raw: Mapping[str, Any]) -> tuple[NumberedEntry, ...]:
    valid: list[NumberedEntry] = []
    for index, image in enumerate(_raw_images(raw)):
        try:
            valid.append(NumberedEntry(index, ImageEntry.model_validate(image, strict=True)))
        except ValidationError:
            continue  # reported with the whole manifest
    return tuple(valid)


def _tables(raw: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Return the image entries with their numbers, valid or not, as long as they are tables."""
    return [(index, image) for index, image in enumerate(_raw_images(raw)) if isinstance(image, dict)]


def _unknown_sources(raw: Mapping[str, Any], where: str) -> list[Problem]:
    problems = []
    for index, image in _tables(raw):
        source = image.get("source")
        try:
            if isinstance(source, str) and source:
                split_source(source)
        except SourceError as error:
            key = key_of(("images", index, "source"), raw)
            problems.append(Problem(where, key, error.reason, error.fix))
    return problems


def _duplicate_ids(raw: Mapping[str, Any], where: str) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for index, image in _tables(raw):
        image_id = image.get("id")
        if isinstance(image_id, str) and image_id in first:
            reason = f"{image_id!r} is already the id of images[{first[image_id]}]."
            fix = "Give every image an id of its own."
            problems.append(Problem(where, f"images[{index}].id", reason, fix))
        elif isinstance(image_id, str):
            first[image_id] = index
    return problems


def _wrong_parts(
    entries: Sequence[NumberedEntry], raw: Mapping[str, Any], folder: Path, where: str
) -> list[Problem]:
    """Return the parts of composites that are unknown or composites themselves.

    A part is only called unknown when all ids are known: not while an entry is invalid and has no id, or a
    folder cannot be listed. Curation reports those.
    """
    composites = [(index, image) for index, image in _tables(raw) if image.get("source") == COMPOSITE]
    if not composites:
        return []
    outcomes = plan(entries, folder)
    planned = [outcome for outcome in outcomes if isinstance(outcome, Planned)]
    composed = {image.id for image in planned if image.item is None}
    composed |= {image["id"] for _, image in composites if isinstance(image.get("id"), str)}
    single = {image.id for image in planned if image.item}
    single |= {image["id"] for _, image in _tables(raw) if isinstance(image.get("id"), str)} - composed
    valid = {numbered.index for numbered in entries}
    nameless = any(index not in valid and "id" not in image for index, image in _tables(raw))
    all_known = not nameless and not any(isinstance(o, Failure) and not o.skipped for o in outcomes)
    problems = []
    for index, image in composites:
        parts = image.get("parts")
        for position, part in enumerate(parts if isinstance(parts, list) else []):
            key = key_of(("images", index, "parts", position), raw)
            if not isinstance(part, str) or part in single:
                continue
            if part in composed:
                reason = f"{part!r} is a composite itself."
                problems.append(Problem(where, key, reason, "Composites are made of single photographs."))
            elif all_known:
                hint = did_you_mean(part, sorted(single))
                problems.append(Problem(where, key, f"There is no image {part!r} in this set.", hint))
    return problems


def _place(problem: Problem) -> tuple[int, int, str]:
    """Return where in the file a problem stands: settings first, then images by number."""
    number = re.match(r"images\[(\d+)\]", problem.key)
    return (1, int(number[1]), problem.key) if number else (0, 0, problem.key)
