"""Photographs: where they come from and what the classifier sees of them."""

from dataclasses import dataclass

from gallery.records.arrays import Float32, Int16, UInt8


@dataclass(frozen=True)
class Credit:
    """Where a photograph comes from; every field as plain text.

    Attributes:
        author: Who made it.
        licence: Licence name, such as "CC0-1.0".
        source_url: Page the photograph can be found at, or "".
        note: Anything else that must be said, or "".
    """

    author: str
    licence: str
    source_url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Quadrant:
    """One quarter of a 2 x 2 composite.

    Attributes:
        row: 0 = top, 1 = bottom.
        col: 0 = left, 1 = right.
        image_id: The image shown there.
        label: Its class name, or None.
    """

    row: int
    col: int
    image_id: str
    label: str | None


@dataclass(frozen=True)
class ImageRecord:
    """One curated photograph, decoded.

    Attributes:
        id: Slug, unique in the set; part of every URL.
        title: Text as printed.
        source: Where it was read from, as written in the manifest ("package:skimage/data/coffee.png").
        pixels: (H, W, 3) uint8 RGB, orientation applied.
        digest: SHA-256 hex of shape and ``pixels``: what results are stored under.
        source_sha256: SHA-256 hex of the source file, or of the pixels for a composite or data set item.
        target: "predicted", a class index, or a class name.
        label: Curated ground truth (class name), or None.
        credit: Provenance.
        quadrants: For composites, what each quarter holds; else empty.
        region: (H, W) uint8, 255 on the object that ``label`` names and 0 elsewhere; None if nothing is
            marked. It is not part of ``digest``.
        needed: Likewise, what the decision should rest on.
        precluded: Likewise, what it should not rest on; shares no pixel with ``needed``.
    """

    id: str
    title: str
    source: str
    pixels: UInt8
    digest: str
    source_sha256: str
    target: str | int
    label: str | None
    credit: Credit
    quadrants: tuple[Quadrant, ...] = ()
    region: UInt8 | None = None
    needed: UInt8 | None = None
    precluded: UInt8 | None = None


@dataclass(frozen=True)
class ImageCard:
    """An ``ImageRecord`` without its arrays: what pages print. Fields as there, but for two.

    Attributes:
        size: (H, W) of the photograph, pixels.
        region: SHA-256 hex of the marked region, or "" if nothing is marked.
    """

    id: str
    title: str
    source: str
    size: tuple[int, int]
    digest: str
    source_sha256: str
    label: str | None
    credit: Credit
    quadrants: tuple[Quadrant, ...] = ()
    region: str = ""


@dataclass(frozen=True)
class ModelInput:
    """What the classifier saw.

    Attributes:
        view: (kH, kW, 3) uint8: the photograph cropped as the classifier sees it, for display (k = 1 or 2).
        tensor: (1, 3, H, W) float32, normalised.
        baseline: (1, 3, H, W) float32, normalised: what replaces removed patches.
        segments: (H, W) int16, the superpixel of every pixel, 0 to n - 1; None for a grid.
        region: (H, W) float32 in [0, 1], the share of every pixel that belongs to the marked object; None if
            nothing is marked.
    """

    view: UInt8
    tensor: Float32
    baseline: Float32
    segments: Int16 | None = None
    region: Float32 | None = None


@dataclass(frozen=True)
class Failure:
    """An image that could not be finished.

    Attributes:
        image_id: Which.
        stage: "curation", "explain" or "measure".
        reason: The error's message.
    """

    image_id: str
    stage: str
    reason: str
