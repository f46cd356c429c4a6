"""Pages to site: MkDocs in a process of its own, checked, then swapped in."""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from gallery.config import SetSettings
from gallery.errors import PublishError, remedy
from gallery.publish.check import check_site
from gallery.publish.minify import minify_assets
from gallery.publish.policy import write_policies
from gallery.publish.versions import OLD, older_versions, write_versions
from gallery.templates import mkdocs_config_file, templates_folder

MARKER = ".gallery-site"
_DRAFT = ".publish-draft"
_REPLACED = ".publish-replaced"
_EPOCH = "946684800"  # 2000-01-01: the site carries no date, but gzip and MkDocs want one


def publish(pages: Path, site: Path, settings: SetSettings, *, strict: bool = True) -> None:
    """Build the site from rendered pages, check it, and put it in place of the one before.

    The new site is built beside the old one, in a dot folder of ``site`` (which may be a mount point), so
    that a publish that fails or is killed leaves the old site whole. Putting it in place takes two renames
    for each of its few top-level entries; top-level dotfiles of ``site`` and older versions in ``v`` survive.

    Args:
        pages: What ``render_site`` wrote.
        site: Receives the site; created if absent.
        settings: Of the set: title, description, address.
        strict: Whether MkDocs' warnings are errors.

    Raises:
        PublishError: If ``pages`` holds no pages, ``site`` holds something that is not a site, MkDocs fails,
            or the finished site has a problem.
    """
    if not (pages / "index.md").is_file():
        raise PublishError(f"{pages}: holds no pages. Run `gallery render` first.")
    _require_replaceable(site)
    site.mkdir(parents=True, exist_ok=True)
    for leftover in (*site.glob(f"{_DRAFT}*"), site / _REPLACED):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: MkDocs of a publish that was killed may still be writing to that one's draft.
    draft = Path(tempfile.mkdtemp(prefix=f"{_DRAFT}-", dir=site))
    try:
        _run_mkdocs(mkdocs_settings(pages, draft, settings), strict=strict)
        minify_assets(draft)
        write_versions(draft, settings.version, older_versions(site))
        write_policies(draft)
        problems = check_site(draft)
        if problems:
            listing = "\n".join(str(problem) for problem in problems)
            raise PublishError(
                f"{site}: the new site has {len(problems)} problem(s), the old one stays:\n{listing}"
            )
        _swap(draft, site)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def mkdocs_settings(pages: Path, site: Path, settings: SetSettings) -> dict[str, Any]:
    """Return the base MkDocs settings with the set's title, description, address and folders.

    The theme prints title and description unescaped, so they are escaped here.
    """
    base: dict[str, Any] = yaml.safe_load(mkdocs_config_file().read_text(encoding="utf-8"))
    title = " ".join(settings.title.split())
    return base | {
        "site_name": html.escape(title),
        "site_description": html.escape(" ".join(settings.description.split())),
        "site_url": settings.url.rstrip("/") + "/" if settings.url else "",
        "docs_dir": str(pages.resolve()),
        "site_dir": str(site.resolve()),
        "theme": base["theme"] | {"custom_dir": str(templates_folder() / "theme")},
    }


def _run_mkdocs(configuration: dict[str, Any], *, strict: bool) -> None:
    environment = os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "SOURCE_DATE_EPOCH": _EPOCH,
        "PYTHONHASHSEED": "0",
        "NO_COLOR": "1",
    }
    with tempfile.TemporaryDirectory(prefix="gallery-publish-") as folder:
        file = Path(folder, "mkdocs.yml")
        file.write_text(
            yaml.safe_dump(configuration | {"strict": strict}, allow_unicode=True), encoding="utf-8"
        )
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(file)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise PublishError(f"MkDocs failed ({done.returncode}):\n{_reason(done.stderr or done.stdout)}")


def _reason(said: str) -> str:
    """Return why MkDocs failed: its messages, or the last line of a traceback and what to do about it."""
    if "Traceback (most recent call last)" not in said:
        return said.strip()
    last = said.strip().splitlines()[-1]
    number = re.search(r"\[Errno (\d+)\]", last)
    return f"{last}. {remedy(OSError(int(number[1]), ''))}" if number else last


def _require_replaceable(site: Path) -> None:
    """Refuse a folder that holds anything but a site: publishing would remove it."""
    if not site.exists():
        return
    if not site.is_dir():
        raise PublishError(f"{site}: is a file. Name a folder for the site.")
    entries = [entry.name for entry in site.iterdir() if not _is_kept(entry)]
    made_here = (site / MARKER).is_file() or ((site / "sitemap.xml").is_file() and (site / "search").is_dir())
    if entries and not made_here:
        some = ", ".join(sorted(entries)[:3])
        raise PublishError(f"{site}: holds files that are not a site ({some}). Choose an empty folder.")


def _is_kept(entry: Path) -> bool:
    """Return whether publishing leaves a top-level entry of the site alone."""
    return entry.name.startswith(".") or entry.name == OLD


def _swap(draft: Path, site: Path) -> None:
    """Move what is in ``draft`` to ``site`` and remove what was there; pages change places last."""
    replaced = site / _REPLACED
    replaced.mkdir()
    (site / MARKER).write_text("Written by `gallery publish`; everything here but dotfiles is replaced.\n")
    new = {entry.name for entry in draft.iterdir()}
    for name in sorted(new, key=lambda name: (name.endswith(".html"), name)):
        if os.path.lexists(site / name):
            (site / name).rename(replaced / name)
        (draft / name).rename(site / name)
    for entry in sorted(site.iterdir()):
        if not _is_kept(entry) and entry.name not in new:
            entry.rename(replaced / entry.name)
    shutil.rmtree(replaced)
