"""Pages and artefacts say nothing about the machine and the person that made them."""

import getpass
import io
import platform
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, PngImagePlugin

from gallery.curation.manifest import load_settings
from gallery.pipeline.site import archive_site
from gallery.pipeline.workspace import Workspace
from tests.pipeline import toy
from tests.security.unpacking import contents
from tests.test_cli import run, write_photo, write_set

SECRET = "Rosalind's thesis"
SET = """\
title = "Tiny"
classifiers = ["toy:4"]
methods = { grad_cam = {} }
perturbation = { rows = 2, cols = 2, baseline = "black" }
search = { n_random = 2, max_mses = 1 }
measures = { names = ["deletion"], step_px = 512 }
"""
LOCAL = {"logs", ".lock"}
"""In ``build``: never published."""


def spellings(words: list[str]) -> list[bytes]:
    """Return how a text may be written: plainly, in an address, in HTML, in UTF-16."""
    found = []
    for word in words:
        found += [word.encode(), quote(word).encode(), word.replace("'", "&#39;").encode()]
        found += [word.encode("utf-16-le"), word.encode("utf-16-be")]
    return found


def leaks(folder: Path, words: list[str]) -> Iterator[str]:
    """Yield the files below ``folder`` that hold one of ``words``, packed or not, or in their name."""
    wanted = spellings(words)
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if set(inner.parts) & LOCAL or not path.is_file():
            continue
        texts = (text for text in (str(inner).encode(), *contents(path.read_bytes())))
        if any(word in text for text in texts for word in wanted):
            yield str(inner)


def test_no_output_names_a_folder_a_user_or_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.patch_classifiers(monkeypatch)
    home = tmp_path / SECRET
    home.mkdir()
    for name in ("HOME", "USER", "LOGNAME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    write_photo(home / "photo.png")
    manifest = write_set(home, SET, str(home / "photo.png"))  # an absolute path, in the manifest itself
    out = home / "out"
    for arguments in (("build",), ("export", out / "files")):
        done = run(*arguments, manifest, "--out", out, "--quiet")
        assert done.exit_code == 0, done.stderr
    assert archive_site(load_settings(manifest), Workspace(out)).suffix == ".zip"
    words = [SECRET, tmp_path.name, str(tmp_path.parent), platform.node()]
    monkeypatch.undo()
    if len(getpass.getuser()) > 4:  # "root" is also the word for where a graph begins
        words.append(getpass.getuser())
    assert list(leaks(out, [word for word in words if len(word) > 4])) == []


def test_the_search_finds_what_is_hidden(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET, zip=True)
    Image.new("L", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7\nstream\n" + zlib.compress(SECRET.encode()) + b"\nendstream")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("c.txt", quote(SECRET))
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.zip", inner.getvalue())
    (tmp_path / "sound.txt").write_text("nothing")
    assert list(leaks(tmp_path, [SECRET])) == ["a.png", "b.pdf", "d.zip"]
