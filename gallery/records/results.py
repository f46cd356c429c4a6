"""Everything known about an image, and what belongs to no single image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gallery.records.classifiers import ClassifierCard, Prediction
from gallery.records.explanations import Necessity, QuestionSet, Robustness, SearchResult, WhatIf
from gallery.records.graphs import AttentionGraph
from gallery.records.heatmaps import Heatmap, Measurement
from gallery.records.images import ImageCard, ModelInput
from gallery.records.patches import MaskModel
from gallery.records.prompts import Prompted


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
        necessity: What the prediction cannot do without.
        robustness: How much of the MSEs hangs on threshold, baseline and chance.
        questions: Held-out questions that test how well an explanation predicts the classifier.
        measurements: method -> measure -> Measurement.
        seed: The set's seed.
        what_if: Patch sets for readers to try; None if the set wants none, or is older than them.
        prompted: What needed and precluded regions do; None if the image has none.
    """

    image: ImageCard
    classifier: str
    mask_model: MaskModel
    inputs: ModelInput
    prediction: Prediction
    heatmaps: Mapping[str, Heatmap]
    search: SearchResult
    graph: AttentionGraph
    necessity: Necessity
    robustness: Robustness
    questions: QuestionSet
    measurements: Mapping[str, Mapping[str, Measurement]]
    seed: int
    what_if: WhatIf | None = None
    prompted: Prompted | None = None


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
        x_label: Of the horizontal axis of its curves, if it has any.
        y_label: Of their vertical axis.
    """

    name: str
    title: str
    reference: str
    doc: str
    unit: str
    better: Literal["higher", "lower"]
    x_label: str = "fraction of pixels changed"
    y_label: str = "probability"


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
