"""Commands that make and show the site, without torch: ``render``, ``publish``, ``serve``."""

import functools
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gallery.cli.alone import alone
from gallery.cli.options import HERE, Json, OutPath, Quiet, SetPath
from gallery.cli.places import manifest_of, workspace_of
from gallery.cli.running import Run, running
from gallery.cli.say import err, out, plain
from gallery.curation.manifest import load_settings
from gallery.errors import GalleryError


@alone
def render(
    gallery_set: SetPath = None, out_dir: OutPath = HERE, quiet: Quiet = False, as_json: Json = False
) -> None:
    """Write pages and figures from stored results; needs no torch."""
    from gallery.pipeline.site import render as render_pages

    run = _run("render", gallery_set, out_dir)
    with running(run, quiet=quiet, as_json=as_json) as reporter:
        render_pages(run.settings, run.workspace, reporter)


@alone
def publish(
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    archive: Annotated[
        bool, typer.Option("--archive", help="Also write the site as one zip file that opens anywhere.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Turn the pages into the finished site and check it."""
    from gallery.pipeline.site import archive_site, publish_site

    run = _run("publish", gallery_set, out_dir)
    console = err if as_json else out
    with running(run, quiet=quiet, as_json=as_json) as reporter:
        publish_site(run.settings, run.workspace, reporter)
        reporter.end()
        say_where(out_dir, quiet=quiet, console=console)
        if archive:
            file = archive_site(run.settings, run.workspace)
            if not quiet:
                console.print(f"As one file: {plain(str(file))}")


def serve(
    out_dir: OutPath = HERE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8000,
) -> None:
    """Preview the finished site on this machine until Ctrl-C."""
    import http.server

    site = workspace_of(out_dir).site
    if not (site / "index.html").is_file():
        raise GalleryError(f"{site}: no site yet. Run `gallery build` first.")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise GalleryError(f"port {port}: {error.strerror}. Choose another with --port.") from error
    out.print(f"http://127.0.0.1:{port}/  (Ctrl-C ends it)")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _run(command: str, gallery_set: Path | None, out_dir: Path) -> Run:
    manifest = manifest_of(gallery_set)
    return Run(command, workspace_of(out_dir), load_settings(manifest), manifest.parent, {})


def say_where(out_dir: Path, *, quiet: bool, console: Console) -> None:
    """Print where the site is and how to look at it."""
    if quiet:
        return
    index = workspace_of(out_dir).site / "index.html"
    option = "" if out_dir == HERE else f" --out {shlex.quote(str(out_dir))}"
    console.print(f"\nThe gallery is ready: {plain(str(index))}")
    console.print("Open that file in a browser, or serve it with:")
    if os.environ.get("GALLERY_SERVE_HINT"):
        console.print(f"    {plain(os.environ['GALLERY_SERVE_HINT'])}")
    else:
        console.print(f"    gallery serve{plain(option)}")
