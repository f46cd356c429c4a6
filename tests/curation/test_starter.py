"""``init`` and ``add``: a starter that builds as it is, and entries added without disturbing the file."""

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gallery.config import (
    GraphSettings,
    MeasureSettings,
    NecessitySettings,
    PerturbationSettings,
    PromptSettings,
    QuestionSettings,
    RobustnessSettings,
    SearchSettings,
    SetSettings,
    WhatIfSettings,
)
from gallery.curation.check import check
from gallery.curation.manifest import load_settings
from gallery.curation.problems import SourceError
from gallery.curation.starter import append_images, starter_text, write_starter
from gallery.curation.toml_text import toml_value
from gallery.errors import ProblemsError

IMAGE = '[[images]]\nid = "first"\nsource = "file:first.png"\n'


def test_the_starter_builds_as_it_is(tmp_path: Path) -> None:
    manifest, photos = write_starter(tmp_path / "new" / "set")
    assert photos.is_dir()
    assert check(manifest) == []
    assert [image.id for image in load_settings(manifest).images] == ["coffee", "chelsea"]
    assert [path.name for path in manifest.parent.iterdir() if path.name.startswith(".")] == []


def test_the_starter_shows_every_option_with_its_default() -> None:
    """Uncommenting all options must change nothing."""
    options = re.sub(
        r"^# (\[\w+\]|\w+ = )", r"\1", starter_text().partition("\n[[images]]")[0], flags=re.MULTILINE
    )
    shown = tomllib.loads(options)
    assert shown.pop("title") == "My gallery"
    models = {
        "perturbation": PerturbationSettings,
        "search": SearchSettings,
        "graph": GraphSettings,
        "necessity": NecessitySettings,
        "robustness": RobustnessSettings,
        "questions": QuestionSettings,
        "what_if": WhatIfSettings,
        "prompts": PromptSettings,
        "measures": MeasureSettings,
    }
    for name, model in models.items():
        table = shown.pop(name)
        expected = {key: value for key, value in model().model_dump().items() if value is not None}
        assert table == expected
    unset = {"title", "images", "methods", "concepts", "vae", *models}
    assert set(shown) == set(SetSettings.model_fields) - unset
    for key, value in shown.items():
        assert value == SetSettings.model_fields[key].get_default(call_default_factory=True)


def test_the_examples_in_the_starter_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    head, _, examples = starter_text().partition("## One photograph")
    path.write_text(head + "## One photograph" + re.sub(r"^# ", "", examples, flags=re.MULTILINE))
    assert len(load_settings(path).images) == 6


def test_an_existing_manifest_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text("mine")
    with pytest.raises(SourceError, match="exists already"):
        write_starter(tmp_path)
    assert (tmp_path / "gallery.toml").read_text() == "mine"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("")
    with pytest.raises(SourceError, match="cannot be created"):
        write_starter(tmp_path / "set")


def test_the_starter_text_is_stable() -> None:
    assert starter_text() == starter_text()
    assert str(Path.home()) not in starter_text()


def test_added_images_follow_what_was_there(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("first.png")
    path = manifest(f"# my comment\n\n{IMAGE}# the end")
    before = path.read_bytes()
    one, two = picture("photos/My cup.png", (1, 1, 1)), picture("other/My cup.png", (2, 2, 2))
    assert append_images(path, [one, two]) == ["my-cup", "my-cup-2"]
    assert path.read_bytes().startswith(before + b"\n\n[[images]]\n")
    images = load_settings(path).images
    assert [image.source for image in images[1:]] == ["file:photos/My cup.png", "file:other/My cup.png"]
    assert images[1].title == "My cup"
    assert '# licence = "unknown"  # Its licence.' in path.read_text()
    assert check(path) == []


def test_windows_line_endings_are_kept(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    path = manifest(IMAGE)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    picture("first.png")
    append_images(path, [picture("b.png", (1, 1, 1))])
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    assert len(load_settings(path).images) == 2


def test_what_is_there_already_is_skipped(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    first, inside = picture("first.png"), picture("photos/inside.png", (5, 5, 5))
    path = manifest(f'{IMAGE}[[images]]\nsource = "folder:photos"\n')
    new = picture("new.png", (7, 7, 7))
    twin = picture("twin.png", (7, 7, 7))
    assert append_images(path, [first, inside, new, new, twin]) == ["new"]
    before = path.read_bytes()
    assert append_images(path, [new, twin]) == []
    assert path.read_bytes() == before


def test_an_unreadable_image_is_refused_and_nothing_is_written(
    manifest: Callable[[str], Path], picture: Callable[..., Path], tmp_path: Path
) -> None:
    picture("first.png")
    path = manifest(IMAGE)
    before = path.read_bytes()
    bad = picture("bad.png")
    bad.write_text("text")
    with pytest.raises(ProblemsError) as caught:
        append_images(path, [picture("good.png", (1, 1, 1)), bad, tmp_path / "gone.png"])
    assert ["is text" in p.reason or "no such file" in p.reason for p in caught.value.problems] == [
        True,
        True,
    ]
    assert path.read_bytes() == before


def test_a_photograph_elsewhere_is_named_by_its_whole_path(
    manifest: Callable[[str], Path], picture: Callable[..., Path], tmp_path: Path
) -> None:
    picture("first.png")
    outside = picture("outside.png", (1, 1, 1))
    (tmp_path / "set").mkdir()
    path = manifest(IMAGE).rename(tmp_path / "set" / "gallery.toml")
    append_images(path, [outside])
    assert load_settings(path).images[1].source == f"file:{outside.resolve()}"


def test_images_in_one_list_cannot_be_extended(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("first.png")
    path = manifest('images = [{ id = "first", source = "file:first.png" }]\n')
    before = path.read_bytes()
    with pytest.raises(ProblemsError, match=r"under a \[\[images\]\] line"):
        append_images(path, [picture("b.png", (1, 1, 1))])
    assert path.read_bytes() == before


def test_a_wrong_manifest_is_not_touched(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    path = manifest("seed = -1\n")
    with pytest.raises(ProblemsError, match="seed"):
        append_images(path, [picture("b.png")])


def test_a_failed_write_leaves_the_old_file(
    manifest: Callable[[str], Path], picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("first.png")
    new = picture("b.png", (1, 1, 1))
    path = manifest(IMAGE)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProblemsError, match="No space left"):
        append_images(path, [new])
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["b.png", "first.png", "gallery.toml"]


def test_a_link_to_a_manifest_stays_a_link(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("first.png")
    path = manifest(IMAGE)
    link = path.with_name("link.toml")
    link.symlink_to(path.name)
    append_images(link, [picture("b.png", (1, 1, 1))])
    assert link.is_symlink()
    assert len(load_settings(path).images) == 2


def test_an_undecodable_name_is_refused(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("first.png")
    path = manifest(IMAGE)
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.png"))
    try:
        odd.write_bytes(picture("b.png", (1, 1, 1)).read_bytes())
    except OSError:
        pytest.skip("this file system refuses names that are not UTF-8")
    with pytest.raises(ProblemsError, match="Rename the file"):
        append_images(path, [odd])


FILE_NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=40
).filter(lambda name: name not in {".", ".."} and len(name.encode()) < 200)


@settings(max_examples=60, deadline=None)
@given(stem=FILE_NAMES)
def test_any_file_name_survives(stem: str) -> None:
    with TemporaryDirectory() as folder:
        photograph = Path(folder) / f"{stem}.png"
        Image.new("RGB", (3, 3), (1, 2, 3)).save(photograph, "PNG")
        Image.new("RGB", (3, 3), (4, 5, 6)).save(Path(folder) / "first.PNG", "PNG")
        path = Path(folder) / "gallery.toml"
        path.write_text(
            'title = "x"\n[[images]]\nid = "first"\nsource = "file:first.PNG"\n', encoding="utf-8"
        )
        (image_id,) = append_images(path, [photograph])
        assert load_settings(path).images[1].source == f"file:{stem}.png"
        assert load_settings(path).images[1].id == image_id
        assert check(path) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    value=st.recursive(
        TEXTS | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner, max_size=3),
    )
)
def test_toml_values_round_trip(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_toml_has_no_none() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml_value(None)
