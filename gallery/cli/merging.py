"""``gallery merge``: join what several machines made of one set."""

from pathlib import Path
from typing import Annotated

import typer

from gallery.cli.alone import alone
from gallery.cli.exits import Exit
from gallery.cli.options import HERE, Json, OutPath, Quiet
from gallery.cli.places import manifest_of, store_of, workspace_of
from gallery.cli.running import Run, running
from gallery.cli.say import err, list_failures, out
from gallery.curation.manifest import load_settings
from gallery.pipeline.merge import join_shards, merge_stores


@alone
def merge(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OUT_OR_ADDRESS...]",
            help="Output folders or store addresses to copy from; none if all shards wrote to one store.",
        ),
    ] = None,
    gallery_set: Annotated[
        Path | None, typer.Option("--set", help="Manifest or its folder; the default set if left out.")
    ] = None,
    out_dir: OutPath = HERE,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Join the results of shards: copy what --out lacks, verify it, and make one index."""
    manifest, workspace = manifest_of(gallery_set), workspace_of(out_dir)
    settings, places = load_settings(manifest), list(sources or [])
    run = Run("merge", workspace, settings, manifest.parent, {"n_sources": len(places)})
    with running(run, quiet=quiet, as_json=as_json) as reporter:
        stores = [store_of(place) for place in places]
        merged = merge_stores(stores, workspace.store, reporter)
        index = join_shards(settings, manifest.parent, workspace)
        if not quiet:
            known = f"{merged.n_copied} results copied, {merged.n_known} known already"
            console = err if as_json else out
            console.print(
                f"{known}; the index has {len(index.entries)}. Next: gallery render, gallery publish"
            )
        if merged.damaged:
            n = len(merged.damaged)
            err.print(
                f"{n} damaged result{'s' if n > 1 else ''} left out; `gallery build` computes them again."
            )
        list_failures(index.failures)
        if index.failures or merged.damaged:
            raise typer.Exit(Exit.INCOMPLETE)
