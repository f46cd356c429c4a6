"""The command ``bench``: how fast this machine is, to size a build."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gallery.cli.exits import code_of
from gallery.cli.options import HERE, Device, Quiet, SetPath
from gallery.cli.places import job_of
from gallery.cli.say import err, out, plain
from gallery.cli.tables import table_of
from gallery.pipeline.display import make_reporter
from gallery.store.store import write_atomic

if TYPE_CHECKING:
    from gallery.operations.bench import Bench

Out = Annotated[
    Path | None, typer.Option("--out", help="Also write everything to this JSON file.", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of tables.")]


def bench(
    gallery_set: SetPath = None,
    classifiers: Annotated[
        list[str] | None, typer.Option("--classifier", help="Instead of the set's own; may be repeated.")
    ] = None,
    out_file: Out = None,
    device: Device = "auto",
    images: Annotated[
        int, typer.Option(min=0, help="Images of the set that are built to time the methods; 0: none.")
    ] = 1,
    seconds: Annotated[float, typer.Option(min=0, help="Per speed, at least; 0: measure no speeds.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the random pixels and masks.")] = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure forwards per second and time per method, so that a build can be sized."""
    from gallery.operations.bench import Bench, Options, run_bench

    job = job_of(gallery_set, HERE, device)
    if classifiers:
        job = replace(job, settings=job.settings.model_copy(update={"classifiers": classifiers}))
    measured = Bench()
    try:
        with make_reporter(err, quiet=quiet or as_json) as reporter:
            run_bench(job, Options(images, seconds, seed), measured, reporter)
    except KeyboardInterrupt as error:
        err.print("Stopped before everything was measured.")
        raise typer.Exit(code_of(error)) from None
    finally:  # what was measured before an interrupt is shown and written, too
        content = json.dumps(measured.as_json(), indent=1, ensure_ascii=False) + "\n"
        if out_file is not None:
            write_atomic(out_file, content.encode())
        if as_json:
            out.out(json.dumps(measured.as_json(), ensure_ascii=False), highlight=False)
        elif measured.environment:
            _show(measured)


def _show(measured: "Bench") -> None:
    from gallery.operations.calibration import per_image

    around = measured.environment
    versions = around["versions"]
    named = ", ".join(
        f"{name} {versions[name]}" for name in ("torch", "torchvision", "numpy") if name in versions
    )
    devices, threads = " and ".join(around["devices"]), around["threads"]
    out.print(plain(f"{devices}, {threads} threads, {named}, seed {measured.seed}, {around['platform']}"))
    if measured.rates:
        columns = ("classifier", "precision", "batch", "plain /s", "masked /s")
        rates = [
            (one.classifier, one.precision, str(one.batch), _number(one.plain), _number(one.masked))
            for one in measured.rates
        ]
        out.print(table_of("Forwards per second", columns, rates))
    for title, tasks in measured.calibration.tasks.items():
        costs = [
            (name, f"{one.forwards:,.0f}", f"{one.seconds:.2f}", _number(one.rate))
            for name, one in per_image(tasks).items()
        ]
        n = len({image for one in tasks.values() for image in one.forwards})
        heading = f"{title}: per image, mean of {n}"
        out.print(table_of(heading, ("method", "forwards", "seconds", "forwards/s"), costs))


def _number(value: float | None) -> str:
    return "does not run" if value is None else f"{value:,.1f}"
