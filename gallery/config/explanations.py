"""Tables of what is computed for every image: masks, search, graph, and what is asked of them."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from gallery.config.section import Section
from gallery.records import MaskModel


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


class MeasureSettings(Section):
    """``[measures]``: how heatmaps are measured."""

    names: list[str] | Literal["all"] | None = Field(
        None, description='Measures to take, or "all"; absent: those that cost little.'
    )
    options: dict[str, dict[str, Any]] | None = Field(
        None, description="Measure -> its options, as a table [measures.options.<measure>]."
    )
    step_px: int = Field(1792, ge=1, description="Pixels changed per step of the deletion/insertion curves.")
