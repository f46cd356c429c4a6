"""Curation: from a set's settings to decoded photographs. One bad photograph never loses the others."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.config import SetSettings
from gallery.curation.composite import Part, compose, composite_credit, quadrants, tile
from gallery.curation.decode import Photograph, pixel_digest
from gallery.curation.plan import NumberedEntry, Planned, numbered, plan
from gallery.curation.problems import Failure, SourceError
from gallery.curation.region import prompts_of, region_of
from gallery.records import Credit, ImageRecord

TILES = 64
"""Tiles of 448 x 448 px remembered at most, about 0.6 MB each; more than the four of one composite."""


@dataclass(frozen=True)
class Curated:
    """A whole set in memory.

    Attributes:
        images: In the manifest's order.
        failures: What could not be read, in the manifest's order.
        skipped: Files of folders that are not pictures; worth a line, no reason to fail.
    """

    images: tuple[ImageRecord, ...]
    failures: tuple[Failure, ...]
    skipped: tuple[Failure, ...]


def curate(settings: SetSettings, folder: Path) -> Curated:
    """Read every image of a set.

    Args:
        settings: The set.
        folder: The manifest's folder: relative paths start there.
    """
    outcomes = list(iter_images(settings, folder))
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    return Curated(
        images=tuple(outcome for outcome in outcomes if isinstance(outcome, ImageRecord)),
        failures=tuple(failure for failure in failures if not failure.skipped),
        skipped=tuple(failure for failure in failures if failure.skipped),
    )


def iter_images(
    settings: SetSettings, folder: Path, takes: Callable[[int], bool] = lambda _: True
) -> Iterator[ImageRecord | Failure]:
    """Read the images of a set one by one, in the manifest's order.

    Memory stays bounded by one photograph, plus a fixed number of tiles for composites.

    Args:
        settings: The set.
        folder: The manifest's folder: relative paths start there.
        takes: Position of an image in the whole set -> whether it is wanted; the others are not decoded,
            unless a wanted composite needs them.
    """
    yield from iter_entries(numbered(settings.images), folder, takes)


def iter_entries(
    entries: Sequence[NumberedEntry], folder: Path, takes: Callable[[int], bool] = lambda _: True
) -> Iterator[ImageRecord | Failure]:
    """Do what ``iter_images`` does for some entries of a manifest."""
    planned = plan(entries, folder)
    wanted = [image for position, image in enumerate(planned) if takes(position)]
    curator = _Curator(planned, wanted, folder)
    for image in wanted:
        yield image if isinstance(image, Failure) else curator.record(image)


class _Curator:
    """Decodes images and remembers some of the tiles that composites need; the others are decoded again."""

    def __init__(
        self, planned: Sequence[Planned | Failure], wanted: Sequence[Planned | Failure], folder: Path
    ) -> None:
        self._folder = folder
        self._by_id = {image.id: image for image in planned if isinstance(image, Planned)}
        self._needed = {
            part for image in wanted if isinstance(image, Planned) for part in image.entry.parts or []
        }
        self._parts: OrderedDict[str, Part | Failure] = OrderedDict()

    def record(self, image: Planned) -> ImageRecord | Failure:
        try:
            outcome = self._single(image) if image.item else self._composite(image)
        except SourceError as error:
            failure = Failure(image.id, error.problem(image.id))
            if image.id in self._needed:
                self._remember(image.id, failure)
            return failure
        if image.item and image.id in self._needed and image.id not in self._parts:
            made = Part(outcome.id, outcome.title, outcome.label, outcome.credit, tile(outcome.pixels))
            self._remember(outcome.id, made)
        return outcome

    def _single(self, image: Planned) -> ImageRecord:
        item, entry = image.item, image.entry
        if item is None:
            raise TypeError(f"{image.id} is a composite")
        photograph = item.read()
        _check_digest(entry.sha256, photograph, item.where)
        size = (photograph.pixels.shape[0], photograph.pixels.shape[1])
        needed, precluded = prompts_of(entry, size, self._folder, item.where)
        return ImageRecord(
            id=image.id,
            title=image.title,
            source=item.source,
            pixels=photograph.pixels,
            digest=pixel_digest(photograph.pixels),
            source_sha256=photograph.sha256,
            target=entry.target,
            label=entry.label or photograph.label,
            credit=Credit(entry.author, entry.licence, entry.source_url, entry.note),
            region=region_of(entry, size, self._folder, item.where),
            needed=needed,
            precluded=precluded,
        )

    def _composite(self, image: Planned) -> ImageRecord:
        entry = image.entry
        parts = [self._part(part_id, image.id) for part_id in entry.parts or []]
        pixels = compose(parts)
        digest = pixel_digest(pixels)
        _check_digest(entry.sha256, Photograph(pixels, digest), image.id)
        needed, precluded = prompts_of(entry, (pixels.shape[0], pixels.shape[1]), self._folder, image.id)
        return ImageRecord(
            id=image.id,
            title=image.title,
            source=entry.source,
            pixels=pixels,
            digest=digest,
            source_sha256=digest,
            target=entry.target,
            label=entry.label,
            credit=composite_credit(entry, parts),
            quadrants=quadrants(parts),
            needed=needed,
            precluded=precluded,
        )

    def _part(self, part_id: str, composite_id: str) -> Part:
        """Return a part, decoding it now if it has not been met yet."""
        if part_id in self._parts:
            self._parts.move_to_end(part_id)
        else:
            image = self._by_id.get(part_id)
            if image is None or image.item is None:
                what = "no image of this set" if image is None else "a composite itself"
                fix = "Name four photographs of this set; one that failed above cannot be used."
                raise SourceError(composite_id, f"Its part {part_id!r} is {what}.", fix)
            self.record(image)
        part = self._parts[part_id]
        if isinstance(part, Failure):
            reason = f"Its part {part_id!r} could not be read: {part.problem.reason}"
            raise SourceError(composite_id, reason, f"Put {part_id!r} right; nothing else is wrong here.")
        return part

    def _remember(self, image_id: str, part: Part | Failure) -> None:
        self._parts[image_id] = part
        if len(self._parts) > TILES:
            self._parts.popitem(last=False)


def _check_digest(expected: str | None, photograph: Photograph, where: str) -> None:
    if expected is not None and expected != photograph.sha256:
        reason = f"Its SHA-256 is {photograph.sha256}, but the manifest expects {expected}."
        fix = "It is not the photograph that was listed; restore that one, or correct sha256."
        raise SourceError(where, reason, fix)
