"""The settings of a set: what may stand in ``gallery.toml``.

Every model forbids unknown keys. Reading the file and reporting all problems with "did you mean" is
``gallery.curation.manifest``'s work; these classes only say what is allowed.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

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


class MeasureSettings(Section):
    """``[measures]``: how heatmaps are measured."""

    names: list[str] | Literal["all"] | None = Field(
        None, description='Measures to take, or "all"; absent: those that cost little.'
    )
    options: dict[str, dict[str, Any]] | None = Field(
        None, description="Measure -> its options, as a table [measures.options.<measure>]."
    )
    step_px: int = Field(1792, ge=1, description="Pixels changed per step of the deletion/insertion curves.")


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
    boxes: list[list[int]] | None = Field(
        None, min_length=1, description="Around the object: [[left, top, right, bottom], ...] in pixels."
    )
    mask: str | None = Field(
        None,
        min_length=1,
        description='The object, white on black, as large as the photograph: "file:...".',
    )

    @field_validator("boxes")
    @classmethod
    def _boxes_hold_pixels(cls, boxes: list[list[int]] | None) -> list[list[int]] | None:
        for box in boxes or []:
            if len(box) != 4 or not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
                rule = "a box is [left, top, right, bottom] with 0 <= left < right and 0 <= top < bottom"
                raise ValueError(f"{rule}, got {box}")
        return boxes

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
    measures: MeasureSettings = MeasureSettings()
    images: list[ImageEntry] = Field(min_length=1, description="What the gallery shows.")

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

    @field_validator("classifiers")
    @classmethod
    def _classifiers_are_distinct(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("the same classifier is listed twice")
        return value
