"""``gallery build --estimate``: what a build will take, before it starts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gallery.cli.running import json_line
from gallery.cli.say import err, out, plain
from gallery.cli.tables import size_text, time_text
from gallery.errors import ConfigError
from gallery.pipeline.display import make_reporter

if TYPE_CHECKING:
    from gallery.operations.estimate import Estimate
    from gallery.pipeline.build import Job

TRIED = 2
"""Images built to find out what one takes."""
EstimateOption = Annotated[
    bool, typer.Option("--estimate", help="Only say how much time, forwards and disk it will take, about.")
]
BenchOption = Annotated[
    Path | None,
    typer.Option(
        "--bench",
        help="For --estimate: take times from this file of `gallery bench --out` instead of trying images.",
        dir_okay=False,
    ),
]


def show_estimate(job: "Job", bench: Path | None, *, quiet: bool, as_json: bool) -> None:
    """Predict a build and print it; the output folder is only read.

    Raises:
        GalleryError: If the set, a classifier or the bench file cannot be used.
    """
    from gallery.operations.bench import calibration_of
    from gallery.operations.calibration import Calibration, calibrate
    from gallery.operations.estimate import estimate
    from gallery.pipeline.build import load_classifiers

    with make_reporter(err, quiet=quiet or as_json) as reporter:
        classifiers = load_classifiers(job, reporter, job.device)
        if bench is None:
            calibration = Calibration()
            calibrate(job, TRIED, calibration, reporter)
            how = f"Time: {len(calibration.images)} images of this set were built just now, on this machine."
        else:
            calibration = calibration_of(_read(bench), str(bench))
            how = f"Time: from {bench.name}, {len(calibration.images)} images."
    missing = [one.card.title for one in classifiers if one.card.title not in calibration.tasks]
    if missing:
        raise ConfigError(
            f"{bench}: knows nothing of {', '.join(missing)}. Run `gallery bench` for this set."
        )
    predicted = estimate(job, classifiers, calibration, how)
    if as_json:
        json_line(asdict(predicted))
    else:
        _show(predicted)


def _read(bench: Path) -> dict[str, object]:
    try:
        stored = json.loads(bench.read_bytes())
    except ValueError as error:
        raise ConfigError(f"{bench}: not JSON ({error}). Write it with `gallery bench --out`.") from error
    if not isinstance(stored, dict):
        raise ConfigError(f"{bench}: not a bench. Write it with `gallery bench --out`.")
    return stored


def _show(predicted: "Estimate") -> None:
    several = f" under {predicted.n_classifiers} classifiers" if predicted.n_classifiers > 1 else ""
    done = f", {predicted.share_done:.0%} of the explaining is stored" if predicted.share_done else ""
    out.print(f"{predicted.n_images} images{several}{done}")
    low, high = time_text(predicted.low), time_text(predicted.high)
    parts = ", ".join(f"{name} {time_text(seconds)}" for name, seconds in predicted.parts.items() if seconds)
    out.print(
        f"time      about {time_text(predicted.seconds)} ({low} to {high}, 95 % if all images are alike)"
    )
    out.print(f"          {parts}")
    out.print(f"forwards  about {predicted.forwards:,}")
    folders = ", ".join(f"{name} {size_text(size)}" for name, size in predicted.n_bytes.items())
    more, free = size_text(predicted.n_bytes_more), size_text(predicted.free)
    out.print(f"disk      about {size_text(sum(predicted.n_bytes.values()))} ({folders})")
    out.print(f"          {more} more than now; {free} are free")
    if predicted.n_bytes_more > predicted.free:
        out.print("[red]          That is more than there is.[/]")
    for sentence in predicted.basis:
        out.print(plain(sentence), style="dim")
