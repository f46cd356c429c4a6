"""What a set costs on this machine: speed of its classifiers, and time per method on a few of its images."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from gallery import __version__
from gallery.errors import ConfigError
from gallery.installed import versions
from gallery.interfaces import Classifier
from gallery.operations.calibration import Calibration, Task, calibrate
from gallery.operations.rates import Rate, batches_for, precisions, rate_of
from gallery.pipeline.build import Job, load_classifiers
from gallery.pipeline.explain import device_name
from gallery.pipeline.logbook import surroundings
from gallery.pipeline.progress import Reporter

SCHEMA = 1


@dataclass
class Bench:
    """What was measured so far; ``is_complete`` once all of it was.

    Attributes:
        environment: Device, threads, versions.
        seed: Of random pixels and masks, and of the set.
        digests: Title of a classifier -> its digest.
        rates: Speed by classifier, precision and batch size.
        calibration: Time per method.
        is_complete: False after an interrupt.
    """

    environment: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    rates: list[Rate] = field(default_factory=list)
    calibration: Calibration = field(default_factory=Calibration)
    is_complete: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; ``calibration_of`` reads it back."""
        return {"schema": SCHEMA, "version": __version__, **asdict(self)}


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes:
        n_images: Of the set, built for time per method; 0 for none.
        seconds: For each speed, at least; 0 measures none.
        seed: Of random pixels and masks.
    """

    n_images: int = 2
    seconds: float = 1.0
    seed: int = 0


def run_bench(job: Job, options: Options, bench: Bench, reporter: Reporter) -> None:
    """Measure, and note every number in ``bench`` the moment it is known.

    Raises:
        GalleryError: If a classifier cannot be loaded or no image can be explained.
    """
    classifiers = load_classifiers(job, reporter, job.device)
    bench.seed = options.seed
    bench.environment = environment(classifiers)
    bench.digests = {one.card.title: one.card.digest for one in classifiers}
    if options.seconds > 0:
        candidates = list(_candidates(classifiers))
        reporter.begin("speed", len(candidates))
        for classifier, precision, batch in candidates:
            model = job.settings.perturbation.mask_model()
            bench.rates.append(rate_of(classifier, precision, batch, model, options.seconds, options.seed))
            reporter.advance(classifier.card.title, f"{precision}, {batch} at a time")
        reporter.end()
    if options.n_images:
        calibrate(job, options.n_images, bench.calibration, reporter)
    bench.is_complete = True


def _candidates(classifiers: list[Classifier]) -> Iterator[tuple[Classifier, Any, int]]:
    for classifier in classifiers:
        for precision in precisions():
            for batch in batches_for(classifier.device):
                yield classifier, precision, batch


def environment(classifiers: list[Classifier]) -> dict[str, Any]:
    """Return what speed depends on."""
    return {
        "devices": sorted({device_name(classifier) for classifier in classifiers}),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        **surroundings(),
    }


def calibration_of(stored: Mapping[str, Any], where: str) -> Calibration:
    """Return the calibration in the JSON of an earlier bench.

    Args:
        stored: As ``Bench.as_json`` returned it.
        where: Name of the file, for messages.

    Raises:
        ConfigError: If it is not one, or was interrupted.
    """
    remedy = "Measure again with `gallery bench SET --out FILE`."
    if stored.get("schema") != SCHEMA or "calibration" not in stored:
        raise ConfigError(f"{where}: not written by `gallery bench` of this version. {remedy}")
    if not stored.get("is_complete") or not stored["calibration"].get("images"):
        raise ConfigError(f"{where}: this bench was interrupted, or measured no images. {remedy}")
    try:
        given = dict(stored["calibration"])
        tasks = {
            title: {name: Task(**one) for name, one in tasks.items()}
            for title, tasks in given.pop("tasks").items()
        }
        return Calibration(tasks=tasks, **given)
    except (TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{where}: damaged ({error}). {remedy}") from error
