"""What this package needs at run time, as its own metadata says, against what is installed."""

import importlib.metadata
import platform
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from gallery import __version__

DISTRIBUTION = "explanation-gallery"
EXPLAINING = ("numpy", "pillow", "timm", "torch", "torchvision")
"""Packages that decide the numbers."""


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


def needed() -> list[Requirement]:
    """Return what this package requires at run time, in order of name; empty where it is not installed."""
    try:
        asked = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return sorted(applying(asked), key=lambda one: one.name)


def applying(asked: Iterable[str]) -> list[Requirement]:
    """Return those of a package's requirements that apply on this system, without extras."""
    found = []
    for text in asked:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # of an old package; installers cannot follow it either
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(requirement)
    return found


def installed() -> list[Installed]:
    """Return every package needed at run time, in order of name; empty where this one is not installed."""
    return [_look_up(requirement) for requirement in needed()]


def python_wanted() -> SpecifierSet:
    """Return the versions of Python this package asks for; any where it is not installed."""
    try:
        return SpecifierSet(importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"] or "")
    except importlib.metadata.PackageNotFoundError:
        return SpecifierSet()


def versions() -> dict[str, str]:
    """Return package -> version of everything needed that is installed, for logs."""
    return {one.name: one.version for one in installed() if one.version}


def explaining_versions() -> dict[str, str]:
    """Return the versions of what takes part in explaining; results of others may differ in the last bits."""
    found = {name: importlib.metadata.version(name) for name in EXPLAINING}
    return {DISTRIBUTION: __version__, "python": platform.python_version(), **found}


def _look_up(requirement: Requirement) -> Installed:
    shown = f"{requirement.name}{requirement.specifier}"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Installed(shown, requirement.name, "", fits=False)
    fits = requirement.specifier.contains(version, prereleases=True)
    return Installed(shown, requirement.name, version, fits)
