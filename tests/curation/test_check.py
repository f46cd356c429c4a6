"""``check``: the manifest's problems and every photograph's, in one list."""

from collections.abc import Callable
from pathlib import Path

from gallery.curation.check import check


def test_everything_is_listed_at_once(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    picture("good.png")
    picture("text.png").write_text("text")
    path = manifest(
        f"""
        seed = -1
        [[images]]
        source = "file:good.png"
        sha256 = "{"0" * 64}"
        [[images]]
        source = "file:text.png"
        [[images]]
        source = "fiel:x.png"
        [[images]]
        source = "folder:gone"
        [[images]]
        source = "package:no_such_package/a.png"
        """
    )
    assert [problem.key for problem in check(path)] == [
        "seed",
        "images[2].source",
        "good",
        "text",
        "images[3].source",
        "a",
    ]


def test_a_good_set_has_no_problems_and_skipped_files_are_none(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("photos/a.png")
    path = manifest('[[images]]\nsource = "folder:photos"\n')
    (path.parent / "photos/notes.txt").write_text("x")
    assert check(path) == []


def test_a_composite_of_a_bad_part_is_listed_too(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("a.png").write_bytes(b"")
    text = '[[images]]\nsource = "file:a.png"\n'
    text += '[[images]]\nid = "g"\nsource = "composite"\nparts = ["a", "a", "a", "a"]\n'
    assert [problem.key for problem in check(manifest(text))] == ["a", "g"]


def test_a_missing_manifest_is_one_problem(tmp_path: Path) -> None:
    assert [problem.key for problem in check(tmp_path / "gallery.toml")] == ["file"]
