"""Commands that learn concepts for a set: ``concepts train``."""

from pathlib import Path
from typing import Annotated

import typer

from gallery.cli.options import HERE, Device, SetPath
from gallery.cli.places import job_of
from gallery.cli.say import err, out, plain


def train(
    target: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder for the trained networks.")],
    gallery_set: SetPath = None,
    device: Device = "auto",
) -> None:
    """Learn the concepts of a set's classes anew and write each network to a file, with its log.

    Nothing is taken from the store or from files trained before. The last lines are for the manifest: with
    them a build uses the files instead of learning.
    """
    from gallery.operations.learning import learn_concepts
    from gallery.pipeline.display import make_reporter

    job = job_of(gallery_set, HERE, device)
    with make_reporter(err, quiet=False) as reporter:
        written = list(learn_concepts(job, target, reporter))
    out.print(plain("[concepts.trained]"))
    for path, digest in written:
        out.print(plain(f'"{path.name}" = "{digest}"'))
