import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gallery.classifier._base import SOURCES
from gallery.errors import ConfigError, RegistrationError
from gallery.explain.heatmaps._base import HEATMAPS
from gallery.explain.search._base import SEARCHES
from gallery.measure._base import MEASURES
from gallery.registry import Registry, did_you_mean

REGISTRIES: list[Registry[Any]] = [HEATMAPS, SEARCHES, MEASURES, SOURCES]
ENTRIES = [(registry, name) for registry in REGISTRIES for name in registry.names()]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an importable, empty package "plugins" whose registry is ``plugins._base.THINGS``."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    base = 'from gallery.registry import Registry\nTHINGS = Registry("thing", "plugins")\n'
    (folder / "_base.py").write_text(base)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "plugins"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def plugin(name: str, arguments: str = "x", facts: str = "") -> str:
    """Return the source of a plug-in module."""
    return (
        f'"""Idea of {name}.\n\n    More.\n"""\nfrom plugins._base import THINGS\n'
        f"@THINGS.register({name!r}, title={name.title()!r}, reference='ref'{facts})\n"
        f"def run({arguments}):\n    return x\n"
    )


def things() -> Registry[Any]:
    """Return the package's registry."""
    module: ModuleType = __import__("plugins._base", fromlist=["THINGS"])
    registry: Registry[Any] = module.THINGS
    return registry


def test_public_modules_register_themselves(package: Path) -> None:
    (package / "zebra.py").write_text(plugin("zebra", "x, *, n=3, p=0.5", ", unit='m'"))
    (package / "apple.py").write_text(plugin("apple"))
    (package / "_hidden.py").write_text("raise RuntimeError('imported')")
    registry = things()
    assert registry.names() == ["apple", "zebra"]
    assert [entry.name for entry in registry] == ["apple", "zebra"]
    entry = registry["zebra"]
    assert (entry.title, entry.reference, entry.facts["unit"]) == ("Zebra", "ref", "m")
    assert entry.doc == "Idea of zebra.\n\nMore."
    assert entry.defaults == {"n": 3, "p": 0.5}
    assert entry.call(4) == 4
    assert "apple" in registry
    assert "pear" not in registry


def test_an_unknown_name_gets_a_suggestion(package: Path) -> None:
    (package / "zebra.py").write_text(plugin("zebra"))
    with pytest.raises(RegistrationError, match=r"Unknown thing 'zebr'\. Did you mean 'zebra'\?"):
        things()["zebr"]
    with pytest.raises(RegistrationError, match=r"Known: zebra\."):
        things()["q"]


def test_a_name_can_be_taken_once(package: Path) -> None:
    (package / "a.py").write_text(plugin("same"))
    (package / "b.py").write_text(plugin("same"))
    with pytest.raises(RegistrationError, match="thing 'same' is registered twice"):
        things().names()


def test_a_module_that_cannot_be_imported_fails_every_time(package: Path) -> None:
    (package / "a.py").write_text(plugin("a"))
    (package / "b.py").write_text("import a_package_that_is_not_there")
    registry = things()
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            registry.names()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"n": 3, "p": 0.5, "s": "a", "b": True, "z": None}),
        ({"n": 4, "p": 1}, {"n": 4, "p": 1.0, "s": "a", "b": True, "z": None}),
        ({"z": [1]}, {"n": 3, "p": 0.5, "s": "a", "b": True, "z": [1]}),
    ],
)
def test_options_are_defaults_overridden(
    package: Path, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    (package / "a.py").write_text(plugin("a", "x, *, n=3, p=0.5, s='a', b=True, z=None"))
    options = things().options("a", given)
    assert options == expected
    assert {key: type(value) for key, value in options.items()} == {k: type(v) for k, v in expected.items()}


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"m": 1}, r"methods\.a\.m: unknown option\. Known: n, p"),
        ({"nn": 1}, r"Did you mean 'n'"),
        ({"n": 1.5}, r"expected int, got float"),
        ({"n": True}, r"expected int, got bool"),
        ({"p": True}, r"expected float, got bool"),
        ({"p": "0.5"}, r"expected float, got str"),
        ({"p": float("nan")}, r"expected a finite number, got nan"),
        ({"p": float("-inf")}, r"expected a finite number, got -inf"),
    ],
)
def test_a_wrong_option_is_explained(package: Path, given: dict[str, Any], match: str) -> None:
    (package / "a.py").write_text(plugin("a", "x, *, n=3, p=0.5"))
    with pytest.raises(ConfigError, match=match):
        things().options("a", given)


def test_a_plugin_without_options_says_so(package: Path) -> None:
    (package / "a.py").write_text(plugin("a"))
    with pytest.raises(ConfigError, match="It takes no options"):
        things().options("a", {"n": 1})


def test_long_lists_of_names_are_cut() -> None:
    hint = did_you_mean("q", [f"name{i}" for i in range(30)])
    assert hint.endswith("name19, ... (30 in all).")
    assert did_you_mean("q", []) == "Known: none."


# --- the registries there are -----------------------------------------------------------------------------


def _id(given: Registry[Any] | str) -> str:
    """Return a name that is the same in every process: tests run in two."""
    return given if isinstance(given, str) else given.kind


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=_id)
def test_a_plugin_is_called_like_its_module_and_documented(registry: Registry[Any], name: str) -> None:
    entry = registry[name]
    module = inspect.getmodule(entry.call)
    assert module is not None
    assert module.__name__.rpartition(".")[2] in {name, f"{name}_zoo"}
    assert len(entry.doc) > 80
    assert entry.title
    assert entry.reference


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=_id)
def test_options_are_plain_values_with_documented_meaning(registry: Registry[Any], name: str) -> None:
    entry = registry[name]
    doc = inspect.getdoc(entry.call) or ""
    for option, default in entry.defaults.items():
        assert type(default) in {int, float, str, bool}
        assert f"{option}: " in doc


def test_measures_state_unit_and_direction() -> None:
    for entry in MEASURES:
        assert entry.facts["unit"]
        assert entry.facts["better"] in {"higher", "lower"}


@pytest.mark.parametrize("name", HEATMAPS.names())
def test_methods_that_take_a_layer_call_the_classifier_s_own_empty(name: str) -> None:
    """The store's keys rely on it: "" stands for the classifier's CAM layer."""
    assert HEATMAPS[name].defaults.get("layer", "") == ""
