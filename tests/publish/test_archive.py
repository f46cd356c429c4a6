"""The site as one file."""

import shutil
import zipfile
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.pipeline.site import archive_site
from gallery.pipeline.workspace import Workspace
from gallery.publish.archive import archive_name, write_archive
from gallery.publish.check import check_site
from tests.render.pages import synthetic


def test_the_same_site_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere/site"
    shutil.copytree(built / "site", copy)  # other times, other places
    first = write_archive(built / "site", tmp_path / "one/gallery-1.0.zip")
    second = write_archive(copy, tmp_path / "two/gallery-1.0.zip")
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["gallery-1.0.zip"]


def test_unpacked_it_is_a_sound_site(built: Path, tmp_path: Path) -> None:
    file = write_archive(built / "site", tmp_path / "gallery-1.0.zip")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "stick")
    site = tmp_path / "stick/gallery-1.0"
    assert check_site(site) == []
    before = {name for name in synthetic.folder_bytes(built / "site") if not name.startswith(".")}
    assert synthetic.folder_bytes(site).keys() == before


def test_dot_files_and_older_versions_stay_out(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "v/1.0").mkdir(parents=True)
    for name in ("index.html", ".gitkeep", "v/1.0/index.html"):
        (site / name).write_text("x")
    with zipfile.ZipFile(write_archive(site, tmp_path / "a.zip")) as archive:
        assert archive.namelist() == ["a/index.html"]


def test_without_a_site_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no site yet"):
        write_archive(tmp_path, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("title", "version", "name"),
    [
        ("What the network saw", "1.0", "what-the-network-saw-1.0"),
        ("../<b>", "../2 b", "b-2-b"),
        ("猫", "1", "gallery-1"),
    ],
)
def test_the_name_is_safe_in_every_file_system(title: str, version: str, name: str) -> None:
    assert archive_name(synthetic.settings(title=title, version=version)) == name


def test_the_pipeline_puts_it_beside_the_results(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.site.mkdir()
    (workspace.site / "index.html").write_text("x")
    file = archive_site(synthetic.settings(), workspace)
    assert file == tmp_path / "build/archive/what-the-network-saw-1.0.zip"
    assert zipfile.is_zipfile(file)
