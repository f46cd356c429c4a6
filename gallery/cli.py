"""The ``gallery`` command; the only module that prints.

Torch is imported only by the commands that explain, so that pages are made and manifests checked without it.
"""

import functools
import http.server
import logging
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape

from gallery import __version__
from gallery.curation.check import check as check_manifest
from gallery.curation.manifest import default_manifest, inspect_manifest, load_settings
from gallery.curation.starter import append_images, write_starter
from gallery.errors import GalleryError, Problem, ProblemsError
from gallery.pipeline.display import make_reporter
from gallery.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from gallery.pipeline.build import Job
    from gallery.pipeline.index import ResultsIndex
    from gallery.pipeline.progress import Reporter

P = ParamSpec("P")
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Build browsable, citable galleries that compare explanations of image classifiers.",
)

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
HERE = Path()


def friendly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors and interrupts of a command into messages and exit codes."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ProblemsError as error:
            _list_problems(error.problems)
            raise typer.Exit(2) from None
        except (GalleryError, OSError) as error:
            err.print(f"[bold red]Error:[/] {_plain(str(error))}")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            err.print("Stopped. What is finished is kept; run the same command again to go on.")
            raise typer.Exit(130) from None

    return wrapped


@app.command()
@friendly
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create the set in.")]) -> None:
    """Write a commented starter set that builds as it is."""
    for path in write_starter(folder):
        out.print(f"wrote {_plain(str(path))}")
    place = _plain(shlex.quote(str(folder)))
    out.print(f"Next: gallery add PHOTO... --set {place}, then gallery build {place}")


@app.command()
@friendly
def add(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Photographs to append.")],
    manifest: Annotated[Path, typer.Option("--set", help="Manifest or its folder.")] = HERE,
) -> None:
    """Append photographs to a set; everything else in the manifest stays as it is."""
    added = append_images(_manifest(manifest), images)
    for image_id in added:
        out.print(f"added {_plain(image_id)}")
    skipped = len(images) - len(added)
    if skipped:
        out.print(f"{skipped} already in the set")


@app.command()
@friendly
def check(gallery_set: SetPath = None) -> None:
    """Report all problems of a set at once."""
    path = _manifest(gallery_set)
    problems = list(check_manifest(path))
    settings = inspect_manifest(path).settings
    if settings is not None:
        from gallery.pipeline.build import check_names

        problems += check_names(settings, path)
    _list_problems(problems)
    if problems:
        raise typer.Exit(1)
    out.print(f"{_plain(str(path))}: no problems")


@app.command()
@friendly
def explain(
    gallery_set: SetPath = None, out_dir: OutPath = HERE, device: Device = "auto", quiet: Quiet = False
) -> None:
    """Compute predictions, heatmaps, minimal sufficient explanations and attention graphs."""
    _explain(gallery_set, out_dir, device, make_reporter(err, quiet=quiet), with_measures=False)


@app.command()
@friendly
def measure(
    gallery_set: SetPath = None, out_dir: OutPath = HERE, device: Device = "auto", quiet: Quiet = False
) -> None:
    """Measure every heatmap (and compute whatever is missing for it)."""
    _explain(gallery_set, out_dir, device, make_reporter(err, quiet=quiet), with_measures=True)


@app.command()
@friendly
def render(gallery_set: SetPath = None, out_dir: OutPath = HERE, quiet: Quiet = False) -> None:
    """Write pages and figures from stored results; needs no torch."""
    from gallery.pipeline.site import render as render_pages

    with make_reporter(err, quiet=quiet) as reporter:
        render_pages(load_settings(_manifest(gallery_set)), _workspace(out_dir), reporter)


@app.command()
@friendly
def publish(
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    archive: Annotated[
        bool, typer.Option("--archive", help="Also write the site as one zip file that opens anywhere.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Turn the pages into the finished site and check it."""
    from gallery.pipeline.site import archive_site, publish_site

    settings = load_settings(_manifest(gallery_set))
    with make_reporter(err, quiet=quiet) as reporter:
        publish_site(settings, _workspace(out_dir), reporter)
    _say_where(out_dir, quiet=quiet)
    if archive:
        file = archive_site(settings, _workspace(out_dir))
        if not quiet:
            out.print(f"As one file: {_plain(str(file))}")


@app.command()
@friendly
def build(
    gallery_set: SetPath = None, out_dir: OutPath = HERE, device: Device = "auto", quiet: Quiet = False
) -> None:
    """Do everything: explain, measure, render and publish."""
    from gallery.pipeline.site import publish_site
    from gallery.pipeline.site import render as render_pages

    reporter = make_reporter(err, quiet=quiet)
    index = _explain(gallery_set, out_dir, device, reporter, with_measures=True, exit_on_failure=False)
    if not index.entries:  # an empty site must not take the place of an earlier, good one
        raise typer.Exit(1)
    settings = load_settings(_manifest(gallery_set))
    with reporter:
        render_pages(settings, _workspace(out_dir), reporter)
        publish_site(settings, _workspace(out_dir), reporter)
    _say_where(out_dir, quiet=quiet)
    if index.failures:
        raise typer.Exit(1)


@app.command()
@friendly
def export(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to.")],
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Write every result as JSON and arrays to OUT/<classifier>/<image>/, computing what is missing."""
    from gallery.pipeline.export import export as export_results

    reporter = make_reporter(err, quiet=quiet)
    index = _explain(gallery_set, out_dir, device, reporter, with_measures=True, exit_on_failure=False)
    with reporter:
        n = export_results(target, load_settings(_manifest(gallery_set)), _workspace(out_dir), reporter)
    if not quiet:
        out.print(f"{n} folders in {_plain(str(target))}")
    if index.failures:
        raise typer.Exit(1)


@app.command()
@friendly
def serve(
    out_dir: OutPath = HERE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8000,
) -> None:
    """Preview the finished site on this machine until Ctrl-C."""
    site = _workspace(out_dir).site
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


def _version(value: bool) -> None:
    if value:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up what all commands share."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for noisy in ("timm", "mkdocs", "huggingface_hub"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def main() -> None:
    """Run the command line."""
    app()


def _explain(
    gallery_set: Path | None,
    out_dir: Path,
    device: str,
    reporter: "Reporter",
    *,
    with_measures: bool,
    exit_on_failure: bool = True,
) -> "ResultsIndex":
    """Explain a set and list what failed."""
    from gallery.pipeline.build import explain_set

    job = _job(gallery_set, out_dir, device)
    with reporter:
        index = explain_set(job, reporter, with_measures=with_measures)
    if index.failures:
        n = len({failure.image_id for failure in index.failures})
        err.print(f"[bold red]{n} image{'s' if n > 1 else ''} could not be finished:[/]")
        for failure in index.failures:
            err.print(f"  {_plain(failure.image_id)} ({failure.stage}): {_plain(failure.reason)}")
    if index.failures and exit_on_failure:
        raise typer.Exit(1)
    return index


def _job(gallery_set: Path | None, out_dir: Path, device: str) -> "Job":
    from gallery.pipeline.build import Job

    path = _manifest(gallery_set)
    return Job(load_settings(path), path.parent, _workspace(out_dir), device)


def _workspace(folder: Path) -> Workspace:
    return Workspace(folder.resolve())


def _manifest(path: Path | None) -> Path:
    """Return the manifest a SET argument means: a file, a folder's gallery.toml, or the default set's."""
    if path is None:
        return default_manifest()
    return path / "gallery.toml" if path.is_dir() else path


def _list_problems(problems: "list[Problem] | tuple[Problem, ...]") -> None:
    for problem in problems:
        err.print(f"[bold]{_plain(problem.where)}[/] · {_plain(problem.key)}")
        err.print(f"    {_plain(problem.reason)}\n    [green]fix:[/] {_plain(problem.fix)}")
    if problems:
        err.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")


def _say_where(out_dir: Path, *, quiet: bool) -> None:
    if quiet:
        return
    index = _workspace(out_dir).site / "index.html"
    option = "" if out_dir == HERE else f" --out {shlex.quote(str(out_dir))}"
    out.print(f"\nThe gallery is ready: {_plain(str(index))}")
    out.print("Open that file in a browser, or serve it with:")
    if os.environ.get("GALLERY_SERVE_HINT"):
        out.print(f"    {_plain(os.environ['GALLERY_SERVE_HINT'])}")
    else:
        out.print(f"    gallery serve{_plain(option)}")


def _plain(text: str) -> str:
    """Return text that rich prints as it is."""
    return escape(text)


if __name__ == "__main__":
    main()
