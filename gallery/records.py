"""What crosses from stage to stage: frozen records of numpy arrays, numbers and text, never tensors.

Legend of shape letters used in the whole package: B batch, C channels, H, W image height and width in
pixels, h, w height and width of a map at its own resolution, K classes, R x S patch grid (rows x columns).
Sizes are always (height, width). A patch set is an ``int`` bit mask: bit ``row * S + col`` set = kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]
Minimality = Literal["1-minimal", "subset-minimal", "smallest"]


def cells_of(mask: int) -> list[int]:
    """Return the patch ids (row * S + col) kept in ``mask``, ascending."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def mask_of(cells: Iterable[int]) -> int:
    """Return the bit mask that keeps ``cells``."""
    mask = 0
    for cell in cells:
        mask |= 1 << cell
    return mask


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


@dataclass(frozen=True)
class Preprocessing:
    """How a photograph becomes a classifier's input.

    Attributes:
        size: (H, W) of the input, pixels.
        resize: The shorter side is resized to this many pixels, then the centre is cropped; None resizes the
            whole photograph to ``size`` without keeping its aspect ratio.
        interpolation: "bilinear" or "bicubic" (Pillow's antialiased filters).
        mean: Per RGB channel, subtracted after scaling to [0, 1].
        std: Per RGB channel, divided by.
    """

    size: tuple[int, int]
    resize: int | None
    interpolation: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class ClassifierCard:
    """What pages say about a classifier; no weights.

    Attributes:
        id: "<source>:<model>", such as "embedded:efficientnet_lite0".
        slug: ``id`` for file names and URLs: letters, digits, "-" and "_" only.
        digest: SHA-256 hex of architecture name, weights and preprocessing.
        title: Name as printed.
        architecture: Architecture name in its library.
        class_names: K names, by class index.
        preprocessing: How inputs are made.
        cam_layer: Dotted path of the module whose output the CAM methods explain.
        licence: Licence of the weights.
        paper: Reference, one line.
        url: Where the weights are published, or "".
        n_parameters: Number of weights.
    """

    id: str
    slug: str
    digest: str
    title: str
    architecture: str
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    cam_layer: str
    licence: str
    paper: str
    url: str
    n_parameters: int


@dataclass(frozen=True)
class MaskModel:
    """How a patch set becomes a picture: x = image * m + baseline * (1 - m), after normalisation.

    m is the (R, S) grid of kept bits, upsampled to (H, W).

    Attributes:
        rows: R.
        cols: S.
        interpolation: "bilinear" or "nearest".
        align_corners: For "bilinear": False = half-pixel centres (all cells carry equal mass).
        baseline: "blur", "black" or "mean".
    """

    rows: int = 7
    cols: int = 7
    interpolation: Literal["bilinear", "nearest"] = "bilinear"
    align_corners: bool = False
    baseline: Literal["blur", "black", "mean"] = "blur"

    @property
    def n_cells(self) -> int:
        """Number of patches, R * S."""
        return self.rows * self.cols

    @property
    def full(self) -> int:
        """The mask that keeps every patch."""
        return (1 << self.n_cells) - 1


@dataclass(frozen=True)
class TopClass:
    """One row of the top-5 table: class index, name and softmax probability."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What the classifier says about the whole image.

    Attributes:
        target: Class index explained.
        class_name: Its name.
        p_full: Softmax probability of ``target`` on the whole image, float32 precision.
        top: The five most probable classes, descending.
    """

    target: int
    class_name: str
    p_full: float
    top: tuple[TopClass, ...]


@dataclass(frozen=True)
class ModelInput:
    """What the classifier saw.

    Attributes:
        view: (kH, kW, 3) uint8: the photograph cropped as the classifier sees it, for display (k = 1 or 2).
        tensor: (1, 3, H, W) float32, normalised.
        baseline: (1, 3, H, W) float32, normalised: what replaces removed patches.
    """

    view: UInt8
    tensor: Float32
    baseline: Float32


@dataclass(frozen=True)
class Heatmap:
    """One method's map of one image.

    Attributes:
        method: Registered name.
        values: (H, W) float32 at input size, raw (not scaled).
        native: (h, w) float32 at the method's own resolution.
        options: Every option the method ran with.
        layer: Dotted path of the module explained, or None.
        seed: Seed of everything random, or None.
        forwards: Images passed forward.
        backwards: Images passed backward.
        seconds: Wall time; not part of the reproducible results.
    """

    method: str
    values: Float32
    native: Float32
    options: Mapping[str, Any]
    layer: str | None
    seed: int | None
    forwards: int
    backwards: int
    seconds: float


@dataclass(frozen=True)
class Explanation:
    """A minimal sufficient explanation (MSE): patches that alone keep the classifier confident.

    Attributes:
        mask: Kept patches, bit row * S + col.
        probability: Softmax probability of the target when only ``mask`` is kept, float32 precision.
        relative: probability / p_full.
        margin: probability - threshold, >= 0.
        minimality: What was verified: "1-minimal" (no single patch can go), "subset-minimal" (no proper
            subset is sufficient, all enumerated) or "smallest" (certified by exhaustive search).
    """

    mask: int
    probability: float
    relative: float
    margin: float
    minimality: Minimality


@dataclass(frozen=True)
class SearchResult:
    """All MSEs a search found in one image.

    Attributes:
        method: Registered name of the search.
        options: Every option it ran with.
        p_full: Probability of the target on the whole image.
        threshold: p_high * p_full; a patch set is sufficient at or above it.
        mses: Ordered by size, then by descending probability, then by mask.
        diverse: Overlap t -> indices into ``mses`` of the largest set that pairwise share at most t patches.
        roots: Indices into ``mses`` shown as roots of the attention graph.
        forwards: Images passed forward; a mask screened and then re-scored in float32 counts twice.
        seconds: Wall time; not part of the reproducible results.
        note: "" or why nothing was found / the search stopped early.
    """

    method: str
    options: Mapping[str, Any]
    p_full: float
    threshold: float
    mses: tuple[Explanation, ...]
    diverse: Mapping[int, tuple[int, ...]]
    roots: tuple[int, ...]
    forwards: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class GraphNode:
    """A patch set in a structured attention graph.

    Attributes:
        id: "n" + hexadecimal mask; unique in the graph.
        mask: Kept patches.
        probability: Of the target when only ``mask`` is kept, float32 precision.
        relative: probability / p_full.
        is_root: Whether it is an MSE chosen as root.
        is_expanded: Whether its single deletions are in the graph.
    """

    id: str
    mask: int
    probability: float
    relative: float
    is_root: bool
    is_expanded: bool


@dataclass(frozen=True)
class GraphLink:
    """Taking patch ``removed`` away from node ``source`` gives ``target`` and costs ``drop`` probability."""

    source: str
    target: str
    removed: int
    drop: float


@dataclass(frozen=True)
class AttentionGraph:
    """Structured attention graph (SAG): roots and what happens as patches are taken away.

    Attributes:
        nodes: Roots first, then by descending size and mask.
        links: Sorted by source, then removed patch.
        truncated: Number of nodes left out by the node budget (0 = complete).
        options: Every option it was built with.
        forwards: Masks that were not in the cache.
        seconds: Wall time; not part of the reproducible results.
    """

    nodes: tuple[GraphNode, ...]
    links: tuple[GraphLink, ...]
    truncated: int
    options: Mapping[str, Any]
    forwards: int
    seconds: float


@dataclass(frozen=True)
class Measurement:
    """One measure of one heatmap of one image.

    Attributes:
        measure: Registered name.
        method: Heatmap method measured.
        value: In the measure's unit.
        x: (n,) float32 of the curve behind the value, or None.
        y: (n,) float32, or None.
        forwards: Images passed forward.
        seconds: Wall time; not part of the reproducible results.
    """

    measure: str
    method: str
    value: float
    x: Float32 | None
    y: Float32 | None
    forwards: int
    seconds: float


@dataclass(frozen=True)
class ImageCard:
    """An ``ImageRecord`` without its pixels: what pages print. Fields as there; ``size`` is (H, W)."""

    id: str
    title: str
    source: str
    size: tuple[int, int]
    digest: str
    source_sha256: str
    label: str | None
    credit: Credit
    quadrants: tuple[Quadrant, ...] = ()


@dataclass(frozen=True)
class ImageResult:
    """Everything known about one image under one classifier.

    Attributes:
        image: The photograph.
        classifier: Slug of the classifier.
        mask_model: How patches were removed.
        inputs: What the classifier saw.
        prediction: On the whole image.
        heatmaps: By method name, in the set's order.
        search: The MSEs.
        graph: The SAG; no nodes if there are no MSEs.
        measurements: method -> measure -> Measurement.
        seed: The set's seed.
    """

    image: ImageCard
    classifier: str
    mask_model: MaskModel
    inputs: ModelInput
    prediction: Prediction
    heatmaps: Mapping[str, Heatmap]
    search: SearchResult
    graph: AttentionGraph
    measurements: Mapping[str, Mapping[str, Measurement]]
    seed: int


@dataclass(frozen=True)
class MethodCard:
    """What pages print about a heatmap method (or search), from its registry entry.

    Attributes:
        name: Registered name = URL slug.
        title: As printed.
        reference: One line.
        doc: Module docstring in Markdown with LaTeX between $...$: idea, formula, what differs.
        defaults: Option -> default.
        signed: Whether negative values mean evidence against the target.
    """

    name: str
    title: str
    reference: str
    doc: str
    defaults: Mapping[str, Any]
    signed: bool = False


@dataclass(frozen=True)
class MeasureCard:
    """What pages print about a measure.

    Attributes:
        name: Registered name = URL slug.
        title: As printed.
        reference: One line.
        doc: Module docstring in Markdown.
        unit: Such as "probability x fraction" or "fraction".
        better: "higher" or "lower".
    """

    name: str
    title: str
    reference: str
    doc: str
    unit: str
    better: Literal["higher", "lower"]


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


@dataclass(frozen=True)
class Catalogue:
    """What the pages say that is not about one image; written by the explaining stages.

    Attributes:
        classifiers: In the set's order.
        methods: Heatmap methods in the set's order.
        searches: The search used (one).
        measures: Measures in the set's order.
        versions: Package -> version, of everything that took part.
        device: "cpu" or the GPU's name, and the precision of screening; shown, not part of any digest.
    """

    classifiers: tuple[ClassifierCard, ...]
    methods: tuple[MethodCard, ...]
    searches: tuple[MethodCard, ...]
    measures: tuple[MeasureCard, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
