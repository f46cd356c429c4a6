"""Time, forwards and disk of a build before it starts: what is missing, times what a few images took.

Forwards of most methods are the same for every image; those of searches are not, so that what the store has
recorded of finished images is used beside the images tried. Seconds come from the images tried alone, because
nobody knows on what machine a store was filled.
"""

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from gallery.interfaces import Classifier
from gallery.operations.calibration import Calibration, Task, positions_of, spread
from gallery.operations.estimate_concepts import concept_cost
from gallery.operations.needs import Need, needs
from gallery.operations.upkeep import by_kind, of_folder
from gallery.pipeline.build import Job
from gallery.pipeline.generative.explain import check_generative
from gallery.pipeline.generative.index import INDEX, GenerativeIndex, index_made_by
from gallery.store.store import UNREADABLE, Store

LOOKED_AT = 24
"""Images at most whose stored results are looked at, evenly spread over the set."""
ASSUMED_SPREAD = 0.5
"""Spread of the time per image, as a share of its mean, where only one image was tried."""
REGIONS = "prompts"
"""The task of needed and precluded regions: the only one that some images need and others do not."""
NOISE = 0.1
"""Share by which the same work takes more or less time on a machine that others use, too."""


@dataclass(frozen=True)
class Estimate:
    """What a build will take, about.

    Attributes:
        n_images: In the set.
        n_classifiers: Of the set.
        share_done: Of the work of explaining that is stored already, by time.
        seconds: Of the whole build.
        low: Seconds it takes at least, about 95 times of 100.
        high: Seconds it takes at most, likewise.
        parts: Stage -> seconds.
        forwards: Images passed forward.
        n_bytes: Folder -> bytes when it is finished.
        n_bytes_more: Bytes more than there are now.
        free: Bytes free on that disk.
        basis: How this was found, one sentence each.
    """

    n_images: int
    n_classifiers: int
    share_done: float
    seconds: float
    low: float
    high: float
    parts: Mapping[str, float]
    forwards: int
    n_bytes: Mapping[str, int]
    n_bytes_more: int
    free: int
    basis: tuple[str, ...]


@dataclass
class _Known:
    """What is known of one task of one classifier.

    Attributes:
        task: From the images tried.
        recorded: Forwards of images finished earlier.
        share_done: Of the images looked at that need it, those whose result is stored.
        share: Of all images, those that need it.
    """

    task: Task
    recorded: dict[str, int] = field(default_factory=dict)
    share_done: float = 0.0
    share: float = 1.0

    @property
    def samples(self) -> dict[str, int]:
        """Image -> forwards."""
        return {**self.recorded, **self.task.forwards}

    @property
    def forwards(self) -> float:
        """Expected forwards per image that needs it."""
        return fmean(self.samples.values())

    @property
    def seconds(self) -> float:
        """Expected seconds per image of the set: where forwards differ, in proportion to them."""
        tried = self.task.forwards_each
        return self.share * self.task.seconds_each * (self.forwards / tried if tried else 1.0)

    @property
    def forwards_left(self) -> float:
        """Expected forwards per image of the set that are still to be made."""
        return self.share * self.forwards * (1 - self.share_done)


def estimate(job: Job, classifiers: Sequence[Classifier], calibration: Calibration, how: str) -> Estimate:
    """Predict a build.

    Args:
        job: The set and the workspace it would be built in.
        classifiers: The set's, loaded.
        calibration: What some images took.
        how: Where it comes from, one sentence.

    Raises:
        GalleryError: If a photograph among those looked at cannot be read, or a file of ``[vae]`` is not the
            one listed.

    Cost:
        Decodes at most ``LOOKED_AT`` images; with learned concepts, all, and see ``concept_cost``.
    """
    positions = positions_of(job)
    n, looked = len(positions), spread(positions, LOOKED_AT)
    found = list(needs(job, classifiers, lambda position: position in looked))
    n_marked = sum(entry.needed is not None or entry.precluded is not None for entry in job.settings.images)
    known: list[_Known] = []
    for one in classifiers:
        tasks = calibration.tasks.get(one.card.title, {})
        of_one = _known({**tasks, **_regions(tasks, n_marked)}, one, found, job.workspace.store)
        if REGIONS in of_one:
            of_one[REGIONS].share = min(n_marked / n, 1.0) if n else 0.0
        known += of_one.values()
    whole = sum(one.seconds for one in known) * n
    left = sum(one.seconds * (1 - one.share_done) for one in known) * n
    parts = {
        "start": calibration.start_s if left > 0 else 0.0,
        "explain": left,
        "render": _render_s(calibration, n),
        "publish": _publish_s(calibration, n),
    }
    if job.settings.vae is not None:
        check_generative(job.settings, job.folder)
        parts["autoencoders"] = 0.0 if _has_generative(job) else calibration.generative_s
    concepts = concept_cost(job, classifiers, n)
    if concepts.basis:
        parts["concepts"] = concepts.seconds
    seconds = sum(parts.values())
    doubt = _doubt(known, n, left / seconds if seconds else 0.0)
    n_bytes = {
        name: round(each * n + calibration.fixed_bytes.get(name, 0)) for name, each in _sizes(calibration)
    }
    return Estimate(
        n_images=n,
        n_classifiers=len(classifiers),
        share_done=1 - left / whole if whole else 0.0,
        seconds=seconds,
        low=seconds / (1 + doubt),
        high=seconds * (1 + doubt),
        parts=parts,
        forwards=round(sum(one.forwards_left for one in known) * n) + concepts.forwards,
        n_bytes=n_bytes,
        n_bytes_more=max(0, sum(n_bytes.values()) - _there(job)),
        free=_free(job),
        basis=(
            how,
            *_basis(known, len(looked), n),
            *filter(None, (_basis_of_regions(calibration, n_marked), concepts.basis)),
        ),
    )


def _regions(tasks: Mapping[str, Task], n_marked: int) -> dict[str, Task]:
    """Return what needed and precluded regions take per image that has some; {} if no image has.

    Where none of the images tried has any, the second search stands for all of it.
    """
    tried = tasks.get(REGIONS)
    if tried is None or not n_marked:
        return {}
    marked = {image: forwards for image, forwards in tried.forwards.items() if forwards}
    if marked:
        return {REGIONS: Task(marked, tried.seconds)}
    return {REGIONS: tasks["search"]} if "search" in tasks else {}


def _known(
    tasks: Mapping[str, Task], classifier: Classifier, found: Sequence[Need], store: Store
) -> dict[str, _Known]:
    """Return what is known of every task of a classifier."""
    known = {name: _Known(task) for name, task in tasks.items()}
    mine = [need for need in found if need.classifier == classifier.card.digest]
    for name, one in known.items():
        n_done = 0
        needing = [need for need in mine if need.keys is None or name in need.keys]
        for need in needing:
            key = (need.keys or {}).get(name)
            if key is not None and (recorded := _forwards(store, *key)) is not None:
                n_done += 1
                one.recorded[need.image] = recorded
        one.share_done = n_done / len(needing) if needing else 0.0
    return known


def _forwards(store: Store, kind: str, key: str) -> int | None:
    """Return the forwards recorded in a stored result; None if there is none, or it cannot be read."""
    try:
        record = json.loads(store.read(store.path(kind, key)))["record"]
        return int((record.get("graph") or record)["forwards"])
    except UNREADABLE:
        return None


def _render_s(calibration: Calibration, n: int) -> float:
    others = calibration.pages.get("", 0.0) * calibration.n_pages.get("", 0)
    return others + calibration.pages.get("i", 0.0) * n


def _publish_s(calibration: Calibration, n: int) -> float:
    """Return seconds in proportion to pages, of which every image has one."""
    tried = sum(calibration.n_pages.values())
    if not tried:
        return 0.0
    return calibration.publish_s * (tried - calibration.n_pages.get("i", 0) + n) / tried


def _doubt(known: Sequence[_Known], n: int, share: float) -> float:
    """Return by which share the time may be off, two standard errors.

    The time of an image varies with its forwards, and so does the mean of those tried.
    """
    images = {image for one in known for image in one.task.forwards}
    times = [
        sum(
            one.seconds * one.samples.get(image, one.forwards) / one.forwards for one in known if one.forwards
        )
        for image in sorted(images | {image for one in known for image in one.recorded})
    ]
    varies = stdev(times) / fmean(times) if len(times) > 1 and fmean(times) else ASSUMED_SPREAD
    of_mean = varies * math.sqrt(1 / max(len(times), 1) + 1 / max(n, 1))
    return 2 * math.hypot(share * of_mean, NOISE)


def _has_generative(job: Job) -> bool:
    """Return whether the autoencoders of a set have been explained, with these settings."""
    return job.workspace.store.get(INDEX, index_made_by(job.settings), GenerativeIndex) is not None


def _sizes(calibration: Calibration) -> list[tuple[str, float]]:
    return sorted(calibration.each_bytes.items())


def _there(job: Job) -> int:
    """Return the bytes the workspace takes now."""
    place = job.workspace
    stored = sum(share.n_bytes for share in by_kind(place.store).values())
    return stored + sum(of_folder(one).n_bytes for one in (place.figures, place.pages, place.site))


def _free(job: Job) -> int:
    out = job.workspace.out
    return shutil.disk_usage(next(folder for folder in (out, *out.parents) if folder.is_dir())).free


def _basis_of_regions(calibration: Calibration, n_marked: int) -> str:
    """Return that regions were not tried, if they are wanted and were not; else ""."""
    tried = [tasks[REGIONS].forwards for tasks in calibration.tasks.values() if REGIONS in tasks]
    if not n_marked or any(n for forwards in tried for n in forwards.values()):
        return ""
    return "No image with needed or precluded regions was tried: a search stands for what they take."


def _basis(known: Sequence[_Known], n_looked: int, n: int) -> list[str]:
    """Return what forwards and what is done were taken from."""
    constant = sum(len(one.samples) > 1 and len(set(one.samples.values())) == 1 for one in known)
    recorded = max((len(one.recorded) for one in known), default=0)
    of_all = "all" if n_looked == n else f"{n_looked} of {n}"
    return [
        f"Stored results: looked at {of_all} images; of {recorded} of them forwards were recorded.",
        f"{constant} of {len(known)} tasks took the same number of forwards on every image seen.",
    ]
