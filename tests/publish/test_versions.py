"""Old versions are kept, listed, and left alone."""

import json
from pathlib import Path

from gallery.publish.build import publish
from gallery.publish.versions import older_versions, write_versions
from tests.publish.test_build import HEAD, PAGES
from tests.render.pages import synthetic


def test_the_versions_are_listed_for_programs_and_for_pages(tmp_path: Path) -> None:
    write_versions(tmp_path, "2.0", ["1.0", "2.0"])
    text = (tmp_path / "versions.json").read_text()
    assert json.loads(text) == {"newest": "2.0", "older": ["1.0"]}
    script = (tmp_path / "versions.js").read_text()
    assert json.loads(script.removeprefix("window.galleryVersions=")) == json.loads(text)


def test_publishing_keeps_old_versions_as_they_are(tmp_path: Path) -> None:
    pages, site = tmp_path / "pages", tmp_path / "site"
    pages.mkdir()
    for name in PAGES:
        (pages / f"{name}.md").write_text(f"{HEAD}# {name}\n")
    (site / "v/1.0").mkdir(parents=True)
    (site / "v/1.0/index.html").write_text('<a href="gone.html">broken, but not ours to judge</a>')
    (site / "v/leftover").mkdir()
    for _ in range(2):
        publish(pages, site, synthetic.settings(version="1.1"))
        assert json.loads((site / "versions.json").read_text()) == {"newest": "1.1", "older": ["1.0"]}
        assert "broken" in (site / "v/1.0/index.html").read_text()
    assert older_versions(site) == ["1.0"]
    assert older_versions(tmp_path) == []
