"""The pages folder and the figure cache."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.render.pages.output import Output, digest


@dataclasses.dataclass(frozen=True)
class _Timed:
    values: object
    seconds: float


def test_a_digest_ignores_wall_time_and_nothing_else() -> None:
    array = np.arange(6, dtype=np.float32)
    assert digest(_Timed(array, 1.0)) == digest(_Timed(array, 2.0))
    assert digest(_Timed(array, 1.0)) != digest(_Timed(array.reshape(2, 3), 1.0))
    assert digest(_Timed(array, 1.0)) != digest(_Timed(array.astype(np.float64), 1.0))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(1) != digest("1")
    assert digest([[1], [2]]) != digest([[1, 2], []])


def test_an_unchanged_file_is_not_touched_and_a_stale_one_is_removed(tmp_path: Path) -> None:
    first = Output(tmp_path / "pages", tmp_path / "cache")
    first.write("i/a.md", b"same")
    first.write("i/b/c.png", b"old")
    first.finish()
    before = (tmp_path / "pages/i/a.md").stat().st_mtime_ns
    (tmp_path / "pages/i/.a.md.123.part").write_bytes(b"left by a kill")

    second = Output(tmp_path / "pages", tmp_path / "cache")
    second.write("i/a.md", b"same")
    second.finish()
    assert (tmp_path / "pages/i/a.md").stat().st_mtime_ns == before
    assert sorted(p.name for p in (tmp_path / "pages").rglob("*")) == [".gallery-pages", "a.md", "i"]


def test_a_figure_is_drawn_once_for_the_same_inputs(tmp_path: Path) -> None:
    drawn: list[int] = []

    def draw() -> bytes:
        drawn.append(1)
        return b"picture"

    for key in ("x", "x", "y"):
        output = Output(tmp_path / "pages", tmp_path / "cache")
        assert output.figure("a.png", (key, np.zeros(3)), draw) == "a.png"
    assert len(drawn) == 2


def test_figures_no_longer_used_leave_the_cache_but_foreign_files_stay(tmp_path: Path) -> None:
    output = Output(tmp_path / "pages", tmp_path / "cache")
    output.figure("a.png", ("x",), lambda: b"1")
    (tmp_path / "cache/notes.txt").write_text("mine")
    output.finish()
    later = Output(tmp_path / "pages", tmp_path / "cache")
    later.figure("a.png", ("y",), lambda: b"2")
    later.finish()
    kept = {p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()}
    assert kept == {hashlib.sha256(b"2").digest() + b"2", b"mine"}


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"X" + b[41:]])
def test_a_damaged_figure_is_drawn_again_and_told(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    def draw() -> bytes:
        return Output(tmp_path / "pages", tmp_path / "cache").draw(("x",), lambda: b"picture of a cat")

    assert draw() == b"picture of a cat"
    (file,) = (p for p in (tmp_path / "cache").rglob("*") if p.is_file())
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    assert draw() == b"picture of a cat"
    assert file.read_bytes() == sound
    assert f"{file} is damaged; it will be drawn again." in caplog.text


def test_a_folder_with_foreign_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.md").write_text("years of work")
    with pytest.raises(RenderError, match="holds files that no render wrote"):
        Output(tmp_path, tmp_path / "cache")
    assert (tmp_path / "thesis.md").exists()
