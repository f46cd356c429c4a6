"""``package:<package>/<path>``: a photograph that an installed Python package brings along.

The package is located, not imported, so that heavy packages cost nothing.
"""

import difflib
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath

from gallery.curation.decode import Photograph, read_photograph
from gallery.curation.names import title
from gallery.curation.problems import SourceError
from gallery.curation.sources import SOURCES, Item, Skipped

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
"""Packages whose name on the package index differs from the name they are imported under."""


@SOURCES.register("package", title="Package", reference='"package:skimage/data/coffee.png".')
def package_source(argument: str, folder: Path) -> list[Item | Skipped]:
    """List the one photograph at ``argument`` inside a package.

    Raises:
        SourceError: If ``argument`` is not "<package>/<path>".
    """
    package, _, inner = argument.partition("/")
    where = f"package:{argument}"
    if not package.isidentifier() or not inner or ".." in PurePosixPath(inner).parts or inner.startswith("/"):
        reason = f"{argument!r} is not a package's import name, a slash and a path inside it."
        raise SourceError(where, reason, 'Write it like "package:skimage/data/coffee.png".')
    stem = PurePosixPath(inner).stem

    def read() -> Photograph:
        return read_photograph(_locate(package, inner, where), where)

    return [Item(name=stem, title=title(stem), source=where, where=where, read=read)]


def _locate(package: str, inner: str, where: str) -> Path:
    spec = PathFinder.find_spec(package)
    roots = list(spec.submodule_search_locations or []) if spec else []
    if not roots:
        distribution = _DISTRIBUTIONS.get(package, package)
        fix = f"Install it: python -m pip install {distribution}"
        raise SourceError(where, f"The package {package!r} is not installed.", fix)
    for root in roots:
        if (Path(root) / inner).is_file():
            return Path(root) / inner
    parent = (Path(roots[0]) / inner).parent
    names = sorted(path.name for path in parent.iterdir() if path.is_file()) if parent.is_dir() else []
    close = difflib.get_close_matches(PurePosixPath(inner).name, names, n=1)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    fix = f"{guess}Some packages download such files only on demand; use file: with a copy of your own."
    raise SourceError(where, f"The installed package {package!r} has no file {inner!r}.", fix)
