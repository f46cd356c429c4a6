"""Commands that explain: ``explain``, ``measure``, ``build``, ``export``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gallery.cli.alone import alone
from gallery.cli.estimating import BenchOption, EstimateOption, show_estimate
from gallery.cli.exits import Exit
from gallery.cli.options import HERE, Json, OutPath, Quiet, SetPath, ShardOption
from gallery.cli.places import job_of
from gallery.cli.publishing import say_where
from gallery.cli.running import Run, running
from gallery.cli.say import err, list_failures, out, plain
from gallery.cli.workers import Workers, with_workers

if TYPE_CHECKING:
    from gallery.pipeline.build import Job
    from gallery.pipeline.index import ResultsIndex
    from gallery.pipeline.progress import Reporter


@alone
@with_workers
def explain(
    workers: Workers,
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    shard: ShardOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compute predictions, heatmaps, minimal sufficient explanations and attention graphs."""
    job = job_of(gallery_set, out_dir, workers.device, shard)
    _explain_or_measure("explain", job, workers, quiet=quiet, as_json=as_json)


@alone
@with_workers
def measure(
    workers: Workers,
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    shard: ShardOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Measure every heatmap (and compute whatever is missing for it)."""
    job = job_of(gallery_set, out_dir, workers.device, shard)
    _explain_or_measure("measure", job, workers, quiet=quiet, as_json=as_json)


@alone
@with_workers
def build(
    workers: Workers,
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    estimate: EstimateOption = False,
    bench: BenchOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Do everything: explain, measure, render and publish."""
    from gallery.pipeline.site import publish_site
    from gallery.pipeline.site import render as render_pages

    job = job_of(gallery_set, out_dir, workers.device)
    if estimate or bench:
        show_estimate(job, bench, quiet=quiet, as_json=as_json)
        return
    with running(_run("build", job, workers), quiet=quiet, as_json=as_json) as reporter:
        index = _explain(job, workers, reporter)
        if not index.entries:  # an empty site must not take the place of an earlier, good one
            raise typer.Exit(Exit.INCOMPLETE)
        render_pages(job.settings, job.workspace, reporter)
        publish_site(job.settings, job.workspace, reporter)
        reporter.end()
        say_where(out_dir, quiet=quiet, console=err if as_json else out)
        _fail_on(index)


@alone
@with_workers
def export(
    workers: Workers,
    target: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder to write to; --out says where the results are.")
    ],
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write every result as JSON and arrays to FOLDER/<classifier>/<image>/, computing what is missing."""
    from gallery.pipeline.export import export as export_results

    job = job_of(gallery_set, out_dir, workers.device)
    with running(_run("export", job, workers), quiet=quiet, as_json=as_json) as reporter:
        index = _explain(job, workers, reporter)
        n = export_results(target, job.settings, job.workspace, reporter)
        if not quiet:
            (err if as_json else out).print(f"{n} folders in {plain(str(target))}")
        _fail_on(index)


def _explain_or_measure(
    command: Literal["explain", "measure"], job: "Job", workers: Workers, *, quiet: bool, as_json: bool
) -> None:
    with running(_run(command, job, workers), quiet=quiet, as_json=as_json) as reporter:
        _fail_on(_explain(job, workers, reporter, with_measures=command == "measure"))


def _run(command: str, job: "Job", workers: Workers) -> Run:
    options = {**asdict(workers), "shard": str(job.shard)}
    return Run(command, job.workspace, job.settings, job.folder, options)


def _explain(
    job: "Job", workers: Workers, reporter: "Reporter", *, with_measures: bool = True
) -> "ResultsIndex":
    """Explain a set and list what failed."""
    from gallery.pipeline.build import explain_set

    with workers.started() as executor:
        index = explain_set(job, reporter, with_measures=with_measures, executor=executor)
    list_failures(index.failures)
    return index


def _fail_on(index: "ResultsIndex") -> None:
    """End the command with the exit code for images that failed, if any did."""
    if index.failures:
        raise typer.Exit(Exit.INCOMPLETE)
