"""Time publishing of a site of many image pages: `python -m tests.benchmarks.site 1000`.

The set of the tests is rendered under one classifier; its image pages are then repeated under other names,
with the same figures, so that what is timed is everything after the pages are written: MkDocs, minifying,
checks, and the archive. The index has as many tiles. Prints seconds and sizes as JSON.
"""

import argparse
import json
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from gallery.publish.archive import write_archive
from gallery.publish.build import publish
from gallery.publish.weight import page_weight
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic

TILE = re.compile(r'<article class="eg-card".*?</article>', re.DOTALL)


def repeat(pages: Path, n_images: int) -> None:
    """Repeat the image pages and the tiles in a pages folder until there are ``n_images``."""
    sources = sorted((pages / "i").glob("*.md"))
    index = (pages / "index.md").read_text(encoding="utf-8")
    tiles = TILE.findall(index)
    more = []
    for i in range(n_images - len(sources)):
        source = sources[i % len(sources)]
        name = f"{source.stem}-{i:05d}"
        (pages / f"i/{name}.md").write_bytes(source.read_bytes())
        tile = tiles[i % len(sources)]
        more.append(tile.replace(f"i/{source.stem}.html", f"i/{name}.html"))
    # Tiles stand in the front matter, as lines of a block of text that begin with a space.
    whole = index.replace(tiles[-1], "\n ".join([tiles[-1], *more]), 1)
    (pages / "index.md").write_text(whole, encoding="utf-8")


def run(n_images: int, folder: Path) -> dict[str, float]:
    """Render, repeat and publish in ``folder``; return seconds and sizes."""
    settings = synthetic.settings(classifiers=["embedded:net_a"])
    found = synthetic.catalogue()
    render_site(
        (result for result in synthetic.results() if result.classifier.endswith("net_a")),
        catalogue=replace(found, classifiers=found.classifiers[:1]),
        settings=settings,
        failures=(),
        out=folder / "pages",
        cache=folder / "cache",
    )
    repeat(folder / "pages", n_images)
    start = time.perf_counter()
    publish(folder / "pages", folder / "site", settings)
    published = time.perf_counter()
    file = write_archive(folder / "site", folder / "site.zip")
    done = time.perf_counter()
    numbers = {
        "publish, seconds": published - start,
        "archive, seconds": done - published,
        "index, KiB before scrolling": page_weight(folder / "site", "index.html") / 1024,
        "image page, KiB before scrolling": page_weight(folder / "site", "i/chelsea.html") / 1024,
        "image page, KiB of HTML": (folder / "site/i/chelsea.html").stat().st_size / 1024,
        "archive, MiB": file.stat().st_size / 2**20,
    }
    return {name: round(value, 1) for name, value in numbers.items()}


def main() -> None:
    """Read the command line and print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_images", type=int, nargs="?", default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gallery-site-") as folder:
        print(json.dumps(run(arguments.n_images, Path(folder)), indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
