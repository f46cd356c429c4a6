"""Options that several commands share, so that they are spelled and explained once."""

from pathlib import Path
from typing import Annotated

import typer

SetPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SET]", help="Manifest (gallery.toml) or its folder; the default set if left out."
    ),
]
OutPath = Annotated[
    Path,
    typer.Option(
        "--out", help="Output folder: results go to build/, the site to site/ in it.", file_okay=False
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print problems only.")]
Device = Annotated[str, typer.Option(help='"auto", "cpu", "cuda" or "cuda:<n>".')]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="Only the I-th of N parts of the set; `gallery merge` joins them."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="JSON lines for machines on stdout; text for people on stderr.")
]
HERE = Path()
