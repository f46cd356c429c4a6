"""Commands that write and check manifests: ``init``, ``add``, ``check``."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from gallery.cli.options import HERE, SetPath
from gallery.cli.places import manifest_of
from gallery.cli.say import list_problems, out, plain
from gallery.curation.check import check as check_manifest
from gallery.curation.manifest import inspect_manifest
from gallery.curation.starter import append_images, write_starter


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create the set in.")]) -> None:
    """Write a commented starter set that builds as it is."""
    for path in write_starter(folder):
        out.print(f"wrote {plain(str(path))}")
    place = plain(shlex.quote(str(folder)))
    out.print(f"Next: gallery add PHOTO... --set {place}, then gallery build {place}")


def add(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Photographs to append.")],
    manifest: Annotated[Path, typer.Option("--set", help="Manifest or its folder.")] = HERE,
) -> None:
    """Append photographs to a set; everything else in the manifest stays as it is."""
    added = append_images(manifest_of(manifest), images)
    for image_id in added:
        out.print(f"added {plain(image_id)}")
    skipped = len(images) - len(added)
    if skipped:
        out.print(f"{skipped} already in the set")


def check(gallery_set: SetPath = None) -> None:
    """Report all problems of a set at once."""
    path = manifest_of(gallery_set)
    problems = list(check_manifest(path))
    settings = inspect_manifest(path).settings
    if settings is not None:
        from gallery.pipeline.build import check_names

        problems += check_names(settings, path)
    list_problems(problems)
    if problems:
        raise typer.Exit(1)
    out.print(f"{plain(str(path))}: no problems")
