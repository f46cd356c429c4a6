"""What is installed, against what this package asks for."""

import importlib.metadata
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

DISTRIBUTION = "explanation-gallery"


@dataclass(frozen=True)
class Installed:
    """A package this one needs.

    Attributes:
        requirement: As asked for, such as "numpy>=2".
        name: Of the distribution.
        version: Installed; "" if it is not.
        fits: Whether it is installed in a version that is asked for.
    """

    requirement: str
    name: str
    version: str
    fits: bool


def installed() -> list[Installed]:
    """Return every package needed at run time, in order of name; empty where this one is not installed."""
    try:
        asked = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [one for text in asked if (one := _look_up(text)) is not None]
    return sorted(found, key=lambda one: one.name)


def python_wanted() -> SpecifierSet:
    """Return the versions of Python this package asks for; any where it is not installed."""
    try:
        return SpecifierSet(importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"] or "")
    except importlib.metadata.PackageNotFoundError:
        return SpecifierSet()


def versions() -> dict[str, str]:
    """Return package -> version of what is installed of them."""
    return {one.name: one.version for one in installed() if one.version}


def _look_up(text: str) -> Installed | None:
    """Return one package; None if its marker, such as an extra, does not hold here."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    shown = f"{requirement.name}{requirement.specifier}"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Installed(shown, requirement.name, "", fits=False)
    fits = requirement.specifier.contains(version, prereleases=True)
    return Installed(shown, requirement.name, version, fits)
