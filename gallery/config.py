"""The settings of a set: what may stand in ``gallery.toml``.

Every model forbids unknown keys. Reading the file and reporting all problems with "did you mean" is
``gallery.curation.manifest``'s work; these classes only say what is allowed.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from gallery.records import MaskModel

SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "sag2021": {
        "perturbation": {"baseline": "black", "align_corners": True, "resize": "stretch"},
        "search": {"method": "sag2021", "p_high": 0.9, "overlaps": [0, 1, 2]},
        "graph": {"p_low": 0.4, "n_roots": 3, "overlap": 1, "selection": "first", "max_children": 3},
    }
}
"""Preset -> table -> keys that stand in for those the manifest leaves out."""


class Section(BaseModel):
    """A table of the manifest: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PerturbationSettings(Section):
    """``[perturbation]``: how patches are removed."""

    rows: int = Field(7, ge=1, le=16, description="Rows of the patch grid.")
    cols: int = Field(7, ge=1, le=16, description="Columns of the patch grid.")
    interpolation: Literal["bilinear", "nearest"] = Field(
        "bilinear", description="How the grid is upsampled."
    )
    align_corners: bool = Field(default=False, description="True only to reproduce the official SAG code.")
    baseline: Literal["blur", "black", "mean"] = Field("blur", description="What replaces removed patches.")
    partition: Literal["grid", "slic"] = Field("grid", description="Patches: a grid, or SLIC superpixels.")
    n_segments: int = Field(49, ge=2, le=256, description="For slic: superpixels asked for.")
    compactness: float = Field(20.0, gt=0, le=1000, description="For slic: nearness against colour.")
    removal: Literal["baseline", "drop_tokens"] = Field(
        "baseline", description="drop_tokens: a vision transformer runs on the kept patches' tokens only."
    )
    resize: Literal["classifier", "stretch"] = Field(
        "classifier", description="stretch: the whole photograph, aspect ratio lost (official SAG code)."
    )

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> "PerturbationSettings":
        if self.removal == "drop_tokens" and self.partition != "grid":
            raise ValueError('removal = "drop_tokens" needs partition = "grid": superpixels cut tokens')
        return self

    def mask_model(self) -> MaskModel:
        """Return these settings as the record that travels with every result."""
        made = MaskModel(**self.model_dump(exclude={"resize"}))
        # Tokens are there or not: dropped patches have hard borders, whatever the upsampling of soft ones.
        return replace(made, interpolation="nearest") if self.removal == "drop_tokens" else made


class SearchSettings(Section):
    """``[search]``: how minimal sufficient explanations are found.

    Keys not listed here are options of the chosen search, and checked against its signature.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    method: str = Field("beam", description="beam, exhaustive, combinatorial, disjoint or sag2021.")
    p_high: float = Field(0.9, gt=0, le=1, description="Sufficient: p >= p_high * p(full image).")
    overlaps: list[int] = Field([0, 1, 2], description="Patches shared at most, for the diverse selections.")
    guide: str = Field(
        "surrogate", description="What ranks candidates: none, cells, surrogate or a heatmap method."
    )
    beam_width: int = Field(4, ge=1, le=1000, description="Patch sets kept per level.")
    candidates: int = Field(6, ge=1, le=256, description="Extensions scored per kept set and level.")
    max_size: int = Field(24, ge=1, le=256, description="Largest patch set tried.")
    max_mses: int = Field(16, ge=1, le=1000, description="Stop once this many MSEs are found.")
    max_forwards: int = Field(1200, ge=1, description="Stop soon after this many scored masks.")
    verify_up_to: int = Field(8, ge=0, le=12, description="Check all subsets of MSEs up to this size.")
    harvest: int = Field(4, ge=1, le=1000, description="MSEs after which the beam gives way to proposals.")
    look_closer: int = Field(3, ge=0, le=256, description="MSE not expected within so many levels: descend.")
    descents: int = Field(4, ge=1, le=1000, description="MSEs after which descents give way to proposals.")
    n_random: int = Field(48, ge=0, le=10000, description="Random halves of the grid scored before them.")
    overlap: int = Field(1, ge=0, le=256, description="Patches that differing MSEs may share.")
    per_round: int = Field(16, ge=1, le=1000, description="Proposals of differing MSEs scored together.")
    patience: int = Field(2, ge=0, le=1000, description="Rounds of proposals without gain before it ends.")
    wanted: int = Field(
        2, ge=0, le=1000, description="Differing MSEs below which the rest of the image is searched."
    )
    effort: int = Field(2, ge=1, le=1000, description="Scores in all per score of the first MSEs, about.")
    seed: int = Field(0, ge=0, lt=2**63, description="Of the random halves.")

    @property
    def options(self) -> dict[str, Any]:
        """The options of the search that the manifest gives; the search's own defaults fill the rest."""
        given = self.model_dump(exclude={"method", "p_high", "overlaps"}, exclude_unset=True)
        return {name: given[name] for name in sorted(given)}


class GraphSettings(Section):
    """``[graph]``: how the structured attention graph is built."""

    p_low: float = Field(0.4, ge=0, lt=1, description="A node is expanded while p > p_low * p(full image).")
    n_roots: int = Field(3, ge=1, le=20, description="MSEs shown as roots.")
    overlap: int = Field(1, ge=0, le=256, description="Patches two roots may share.")
    selection: Literal["coverage", "max_min", "first"] = Field(
        "coverage", description="How roots are chosen; first: as the official code does."
    )
    max_nodes: int = Field(40, ge=1, le=2000, description="Nodes kept; the rest is counted as truncated.")
    max_children: int = Field(256, ge=1, le=256, description="Deletions per node; the official code tries 3.")


class NecessitySettings(Section):
    """``[necessity]``: what the prediction cannot do without."""

    p_break: float = Field(0.9, gt=0, le=1, description="Broken: p < p_break * p(full image).")
    max_sets: int = Field(
        8, ge=0, le=1000, description="Stop once this many minimal deletion sets are found."
    )
    max_forwards: int = Field(150, ge=0, description="Stop soon after this many scored masks.")
    pairs: int = Field(10, ge=0, le=64, description="Patches whose pairwise interactions are measured.")


class RobustnessSettings(Section):
    """``[robustness]``: how much of the answer hangs on threshold, baseline and chance."""

    thresholds: list[float] = Field(
        [0.5, 0.6, 0.7, 0.8, 0.9, 0.95], description="Values of p_high for the threshold sweep."
    )
    max_forwards: int = Field(20, ge=0, description="Masks scored per threshold, about.")
    baselines: list[Literal["blur", "black", "mean"]] = Field(
        ["blur", "black", "mean"], description="Baselines under which the MSEs are tested again."
    )
    search_baselines: list[Literal["blur", "black", "mean"]] = Field(
        [], description="Baselines under which the whole search is run again."
    )
    search_seeds: list[int] = Field([], description="Seeds with which the whole search is run again.")

    @field_validator("thresholds")
    @classmethod
    def _thresholds_are_shares(cls, value: list[float]) -> list[float]:
        if any(not 0 < share <= 1 for share in value):
            raise ValueError("every threshold must be above 0 and at most 1")
        return value


class QuestionSettings(Section):
    """``[questions]``: held-out questions for the simulatability benchmark and the quiz."""

    n_sets: int = Field(24, ge=0, le=10000, description="Random patch sets scored per image and kind.")
    n_questions: int = Field(12, ge=0, le=10000, description="Questions asked per image and kind.")
    least_difference: float = Field(
        0.1, ge=0, lt=1, description="Two sets differ by at least this share of p(full image)."
    )


class WhatIfSettings(Section):
    """``[what_if]``: which patch sets readers can try on an image page."""

    enabled: bool = Field(default=True, description="false: no table of patch sets to try.")
    max_forwards: int = Field(300, ge=0, description="Patch sets scored for it per image, at most.")
    max_size: int = Field(
        8, ge=0, le=12, description="Score all subsets of MSEs up to this size, as long as it lasts."
    )


class PromptSettings(Section):
    """``[prompts]``: what is computed for images with needed or precluded regions."""

    heatmaps: Literal["cams", "all", "none"] = Field(
        "cams", description="Heatmaps made again without the precluded region; cams: CAM methods only."
    )
    search: bool = Field(default=True, description="false: no search for explanations without that region.")


class ConceptSettings(Section):
    """``[concepts]``: a few learned concepts for each of some classes; absent by default.

    The defaults of the training are those of the authors' code, with ten epochs.
    """

    classes: list[str | int] = Field(min_length=1, description="Classes to explain, by name or index.")
    photos: str = Field(
        "", description='Photographs to learn from, such as "folder:cups"; "": those of this set.'
    )
    n_views: int = Field(1000, ge=50, le=1_000_000, description="Photographs and crops to learn from, about.")
    layer: str = Field("", description='Layer whose features are encoded; "": the CAM layer.')
    n_features: int = Field(5, ge=2, le=15, description="Concepts (x-features) per class.")
    hidden: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(
        [800, 100], max_length=4, description="Widths of the layers between."
    )
    q: float = Field(100.0, gt=0, description="Of the log penalty; larger: more may go unreconstructed.")
    prediction: float = Field(1.0, ge=0, description="Weight of the prediction loss.")
    reconstruction: float | None = Field(
        None, ge=0, description="Weight of the reconstruction; absent: 10 along images, 15 along features."
    )
    pull_away: float | None = Field(
        None, ge=0, description="Weight of the pull-away term; absent: 10 along images, 5 along features."
    )
    along: Literal["images", "features"] = Field("images", description="What the pull-away term compares.")
    epochs: int = Field(10, ge=1, le=10_000, description="Passes over the views per training.")
    batch: int = Field(50, ge=2, le=100_000, description="Views per step.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Of Adam; times 0.1 every 40 epochs.")
    weight_decay: float = Field(1e-4, ge=0, description="Of Adam.")
    dropout: float = Field(0.02, ge=0, lt=1, description="Share of the first layer left out in training.")
    n_seeds: int = Field(3, ge=1, le=20, description="Trainings; all but the first only test stability.")
    n_strongest: int = Field(3, ge=1, le=12, description="Images shown per concept.")
    maps: dict[str, dict[str, Any]] = Field(
        {"grad_cam": {}, "occlusion": {"steps": 1}},
        min_length=1,
        description="Heatmap methods that show where a concept is, and options.",
    )
    trained: dict[str, Sha256] = Field(
        {}, description="Files of networks trained before, and SHA-256; used where they fit."
    )

    @field_validator("classes")
    @classmethod
    def _classes_are_distinct(cls, value: list[str | int]) -> list[str | int]:
        if "predicted" in value:
            raise ValueError('name classes; "predicted" differs from image to image')
        if len(set(value)) != len(value):
            raise ValueError("the same class is listed twice")
        return value


class MeasureSettings(Section):
    """``[measures]``: how heatmaps are measured."""

    names: list[str] | Literal["all"] | None = Field(
        None, description='Measures to take, or "all"; absent: those that cost little.'
    )
    options: dict[str, dict[str, Any]] | None = Field(
        None, description="Measure -> its options, as a table [measures.options.<measure>]."
    )
    step_px: int = Field(1792, ge=1, description="Pixels changed per step of the deletion/insertion curves.")


def _boxes_hold_pixels(boxes: list[list[int]] | None) -> list[list[int]] | None:
    """Refuse boxes that are no boxes, or empty."""
    for box in boxes or []:
        if len(box) != 4 or not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
            rule = "a box is [left, top, right, bottom] with 0 <= left < right and 0 <= top < bottom"
            raise ValueError(f"{rule}, got {box}")
    return boxes


Boxes = Annotated[list[list[int]], Field(min_length=1), AfterValidator(_boxes_hold_pixels)]


class Marking(Section):
    """A region of one image, as ``needed`` and ``precluded`` give it: boxes, a mask, or both together."""

    boxes: Boxes | None = Field(None, description="[[left, top, right, bottom], ...] in pixels.")
    mask: str | None = Field(
        None, min_length=1, description='White on black, as large as the picture: "file:...".'
    )

    @model_validator(mode="after")
    def _something_is_marked(self) -> "Marking":
        if not self.boxes and not self.mask:
            raise ValueError('it marks nothing; give "boxes" or "mask"')
        return self


class ImageEntry(Section):
    """``[[images]]``: one photograph, a folder of them, or a composite."""

    id: str | None = Field(None, pattern=SLUG, description="Slug in URLs; made from the file name if absent.")
    source: str = Field(min_length=1, description='"<kind>:<place>", or "composite".')
    title: str | None = Field(None, description="As printed; made from the id if absent.")
    target: str | int = Field("predicted", description='"predicted", a class index, or a class name.')
    label: str | None = Field(None, description="Ground truth class name, if known.")
    author: str = Field("unknown", description="Who made the photograph.")
    licence: str = Field("unknown", description="Its licence.")
    source_url: str = Field("", pattern=r"^(https?://\S+)?$", description="Where it can be found.")
    note: str = Field("", description="Anything else that must be said about its origin.")
    sha256: Sha256 | None = Field(None, description="Of the source file; checked when given.")
    parts: list[str] | None = Field(None, description="For composites: four image ids, row by row.")
    boxes: Boxes | None = Field(
        None, description="Around the object: [[left, top, right, bottom], ...] in pixels."
    )
    mask: str | None = Field(
        None,
        min_length=1,
        description='The object, white on black, as large as the photograph: "file:...".',
    )
    needed: Marking | None = Field(
        None, description="What the decision should rest on: {boxes = [[...]]} or {mask = ...}."
    )
    precluded: Marking | None = Field(None, description="What it should not rest on, likewise.")

    @model_validator(mode="after")
    def _photographs_are_marked(self) -> "ImageEntry":
        if self.source == "composite" and (self.boxes or self.mask):
            raise ValueError('"boxes" and "mask" mark an object in a photograph; a composite has none')
        return self

    @model_validator(mode="after")
    def _parts_belong_to_composites(self) -> "ImageEntry":
        if (self.source == "composite") != (self.parts is not None):
            raise ValueError('"parts" belongs to source = "composite", and a composite needs it')
        if self.parts is not None and len(self.parts) != 4:
            raise ValueError(f"a composite has exactly 4 parts, got {len(self.parts)}")
        return self


class SetSettings(Section):
    """A whole ``gallery.toml``."""

    title: str = Field(min_length=1, description="Site title.")
    description: str = Field("", description="One paragraph for the index page.")
    authors: list[str] = Field(default_factory=list, description='Curators, "Family, Given", for citations.')
    version: str = Field("1.0", description="Version of the set, for citations.")
    date: str = Field(
        "", pattern=r"^(\d{4}(-\d{2}-\d{2})?)?$", description="Year or ISO date, for citations."
    )
    url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="Address of the hosted site, for permalinks."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Root of every random draw.")
    preset: Literal["", "sag2021"] = Field(
        "", description="sag2021: settings of the official SAG code, where the manifest gives no others."
    )
    live: bool = Field(
        default=False, description="true: image pages can run the classifiers in the browser (extra: live)."
    )
    live_runtime: str = Field(
        "", description="For live: a file or folder with the package onnxruntime-web, instead of npm."
    )
    classifiers: list[str] = Field(
        ["embedded:efficientnet_lite0"], min_length=1, description='"<source>:<model>".'
    )
    methods: dict[str, dict[str, Any]] | Literal["all"] | None = Field(
        None, description='Heatmap methods and options, or "all"; absent: those that cost little.'
    )
    perturbation: PerturbationSettings = PerturbationSettings()
    search: SearchSettings = SearchSettings()
    graph: GraphSettings = GraphSettings()
    necessity: NecessitySettings = NecessitySettings()
    robustness: RobustnessSettings = RobustnessSettings()
    questions: QuestionSettings = QuestionSettings()
    what_if: WhatIfSettings = WhatIfSettings()
    prompts: PromptSettings = PromptSettings()
    measures: MeasureSettings = MeasureSettings()
    concepts: ConceptSettings | None = Field(None, description="Learned concepts; absent: none.")
    images: list[ImageEntry] = Field(min_length=1, description="What the gallery shows.")

    @property
    def has_regions(self) -> bool:
        """Whether an image has needed or precluded regions."""
        return any(entry.needed or entry.precluded for entry in self.images)

    @model_validator(mode="before")
    @classmethod
    def _preset_fills_in(cls, raw: Any) -> Any:  # noqa: ANN401
        if not isinstance(raw, dict):
            return raw
        tables = PRESETS.get(raw.get("preset", ""), {}) if isinstance(raw.get("preset", ""), str) else {}
        given = {name: raw.get(name, {}) for name in tables}
        filled = {
            name: {**tables[name], **given[name]} if isinstance(given[name], dict) else given[name]
            for name in tables
        }
        return {**raw, **filled}

    @model_validator(mode="after")
    def _live_has_a_place(self) -> "SetSettings":
        if self.live and not self.what_if.enabled:
            raise ValueError("live = true answers on the what-if board: it needs [what_if] enabled = true")
        if self.live and self.perturbation.removal != "baseline":
            raise ValueError(
                'live = true needs [perturbation] removal = "baseline": browsers cannot drop tokens'
            )
        return self

    @field_validator("classifiers")
    @classmethod
    def _classifiers_are_distinct(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("the same classifier is listed twice")
        return value
