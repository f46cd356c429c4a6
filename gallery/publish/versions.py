"""Which versions of a gallery a site holds, so that the pages of an old one can say that there is a newer.

The newest version is the site itself; older ones live unchanged in ``v/<version>/`` below it, as published.
A page under ``v/`` loads ``versions.js`` of the site above it: a script, because a page on ``file://`` may
read no other file. ``versions.json`` says the same to programs.
"""

import json
from pathlib import Path

OLD = "v"
"""Folder of older versions in a site; publishing leaves it alone."""


def older_versions(site: Path) -> list[str]:
    """Return the names of the versions kept in a site, sorted."""
    folder = site / OLD
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if (entry / "index.html").is_file())


def write_versions(draft: Path, newest: str, older: list[str]) -> None:
    """Write ``versions.json`` and ``versions.js`` into a site about to be put in place.

    Args:
        draft: The new site.
        newest: Its version.
        older: What ``older_versions`` returned for the site it replaces.
    """
    known = {"newest": newest, "older": [name for name in older if name != newest]}
    text = json.dumps(known, indent=2, sort_keys=True)
    (draft / "versions.json").write_text(text + "\n", encoding="utf-8")
    (draft / "versions.js").write_text(f"window.galleryVersions={json.dumps(known)}\n", encoding="utf-8")
