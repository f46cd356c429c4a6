"""Publishing: strict, checked, and never half done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gallery import templates
from gallery.errors import PublishError
from gallery.publish.build import MARKER, mkdocs_settings, publish
from tests.render.pages import synthetic
from tests.render.pages.synthetic import folder_bytes

HEAD = '---\ntitle: "T"\n---\n'
PAGES = (
    "index", "results", "explanations", "simulatability", "quiz", "methods", "glossary", "cite", "about",
)  # fmt: skip


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Return the smallest pages folder the settings accept."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in PAGES:
        (folder / f"{name}.md").write_text(f"{HEAD}# {name}\n\nText.\n")
    return folder


def test_dotfiles_survive_and_old_pages_go(pages: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / ".gitkeep").write_text("")
    publish(pages, site, synthetic.settings())
    (site / "stale.html").write_text("old")
    publish(pages, site, synthetic.settings())
    assert (site / ".gitkeep").exists()
    assert not (site / "stale.html").exists()
    assert sorted(p.name for p in site.iterdir() if p.name.startswith(".")) == [MARKER, ".gitkeep"]


def test_two_publishes_are_the_same_byte_for_byte(built: Path, tmp_path: Path) -> None:
    for name in ("one", "another"):
        publish(built / "pages", tmp_path / name, synthetic.settings())
    first, second = (folder_bytes(tmp_path / name) for name in ("one", "another"))
    assert first == second
    assert first == folder_bytes(built / "site")


def test_publishing_writes_nothing_outside_the_site(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = folder_bytes(pages)
    publish(pages, tmp_path / "out/site", synthetic.settings())
    assert folder_bytes(pages) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "pages"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["site"]


def test_a_broken_markdown_link_fails_and_leaves_the_old_site(pages: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish(pages, site, synthetic.settings())
    before = folder_bytes(site)
    (pages / "about.md").write_text(f"{HEAD}# About\n\n[x](gone.md)\n")
    with pytest.raises(PublishError, match=r"gone\.md"):
        publish(pages, site, synthetic.settings())
    assert folder_bytes(site) == before


def test_a_broken_raw_link_fails_with_its_page_and_address(pages: Path, tmp_path: Path) -> None:
    (pages / "about.md").write_text(f'{HEAD}# About\n\n<p><a href="gone.html">x</a></p>\n')
    with pytest.raises(PublishError, match=r"about\.html: gone\.html: leads nowhere"):
        publish(pages, tmp_path / "site", synthetic.settings())
    assert not (tmp_path / "site/index.html").exists()


def test_leftovers_of_a_killed_publish_are_cleared(pages: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    publish(pages, site, synthetic.settings())
    shutil.copytree(site / "assets", site / ".publish-draft")
    (site / ".publish-replaced").mkdir()
    shutil.rmtree(site / "assets")  # killed between the two renames
    publish(pages, site, synthetic.settings())
    assert (site / "assets").is_dir()
    assert not list(site.glob(".publish-*"))


def test_a_folder_that_is_no_site_is_refused(pages: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.pdf").write_text("years of work")
    with pytest.raises(PublishError, match="not a site"):
        publish(pages, home, synthetic.settings())
    assert (home / "thesis.pdf").exists()


def test_missing_pages_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="holds no pages"):
        publish(tmp_path, tmp_path / "site", synthetic.settings())


def test_settings_of_the_set_override_the_base_file(tmp_path: Path) -> None:
    made = mkdocs_settings(
        tmp_path, tmp_path / "s", synthetic.settings(title='A "<b>" & C', url="https://a.b/c")
    )
    assert made["site_name"] == "A &quot;&lt;b&gt;&quot; &amp; C"
    assert made["site_url"] == "https://a.b/c/"
    assert Path(made["theme"]["custom_dir"]).is_dir()


def test_no_page_carries_a_date(built: Path) -> None:
    assert "lastmod" not in (built / "site/sitemap.xml").read_text()


def test_the_base_file_works_alone_in_a_checkout(built: Path, tmp_path: Path) -> None:
    shutil.copy(templates.mkdocs_config_file(), tmp_path / "mkdocs.yml")
    (tmp_path / "templates").symlink_to(templates.templates_folder())
    shutil.copytree(built / "pages", tmp_path / "build/pages")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"],
        cwd=tmp_path,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "site/i/chelsea.html").is_file()


def test_templates_are_found_in_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "gallery"
    shutil.copytree(templates.templates_folder(), installed / "_templates")
    shutil.copy(templates.mkdocs_config_file(), installed / "_templates/mkdocs.yml")
    monkeypatch.setattr(templates, "_PACKAGE", installed)
    assert templates.templates_folder() == installed / "_templates"
    assert templates.mkdocs_config_file() == installed / "_templates/mkdocs.yml"
