"""The settings of a set: what may stand in ``gallery.toml``.

Every model forbids unknown keys. Reading the file and reporting all problems with "did you mean" is
``gallery.curation.manifest``'s work; these classes only say what is allowed.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gallery.records import MaskModel

SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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

    def mask_model(self) -> MaskModel:
        """Return these settings as the record that travels with every result."""
        return MaskModel(**self.model_dump())


class SearchSettings(Section):
    """``[search]``: how minimal sufficient explanations are found."""

    method: Literal["beam"] = Field("beam", description="Search algorithm.")
    p_high: float = Field(0.9, gt=0, le=1, description="Sufficient: p >= p_high * p(full image).")
    beam_width: int = Field(3, ge=1, le=1000, description="Patch sets kept per level.")
    candidates: int = Field(10, ge=1, le=256, description="Patches tried for each kept set.")
    max_size: int = Field(24, ge=1, le=256, description="Largest patch set tried.")
    max_mses: int = Field(12, ge=1, le=1000, description="Stop once this many MSEs are found.")
    max_forwards: int = Field(1200, ge=1, description="Stop soon after this many scored masks.")
    verify_up_to: int = Field(6, ge=1, le=12, description="Check all subsets of MSEs up to this size.")
    n_random: int = Field(64, ge=0, le=10000, description="Random halves of the grid scored for the guide.")
    passes: int = Field(4, ge=1, le=100, description="Searches, each without the patches used most before.")
    per_pass: int = Field(4, ge=1, le=1000, description="A pass ends once it has found this many new MSEs.")
    overlaps: list[int] = Field([0, 1, 2], description="Patches shared at most, for the diverse selections.")


class GraphSettings(Section):
    """``[graph]``: how the structured attention graph is built."""

    p_low: float = Field(0.4, ge=0, lt=1, description="A node is expanded while p > p_low * p(full image).")
    n_roots: int = Field(3, ge=1, le=20, description="MSEs shown as roots.")
    overlap: int = Field(1, ge=0, le=256, description="Patches two roots may share.")
    max_nodes: int = Field(40, ge=1, le=2000, description="Nodes kept; the rest is counted as truncated.")


class MeasureSettings(Section):
    """``[measures]``: how heatmaps are measured."""

    names: list[str] | None = Field(None, description="Measures to take; all registered ones if absent.")
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
    classifiers: list[str] = Field(
        ["embedded:efficientnet_lite0"], min_length=1, description='"<source>:<model>".'
    )
    methods: dict[str, dict[str, Any]] | None = Field(
        None, description="Heatmap methods and options; absent: all."
    )
    perturbation: PerturbationSettings = PerturbationSettings()
    search: SearchSettings = SearchSettings()
    graph: GraphSettings = GraphSettings()
    measures: MeasureSettings = MeasureSettings()
    images: list[ImageEntry] = Field(min_length=1, description="What the gallery shows.")

    @field_validator("classifiers")
    @classmethod
    def _classifiers_are_distinct(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("the same classifier is listed twice")
        return value
