"""A whole ``gallery.toml``."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from gallery.config.concepts import ConceptSettings
from gallery.config.explanations import (
    GraphSettings,
    MeasureSettings,
    NecessitySettings,
    PerturbationSettings,
    PromptSettings,
    QuestionSettings,
    RobustnessSettings,
    SearchSettings,
    WhatIfSettings,
)
from gallery.config.images import ImageEntry
from gallery.config.section import Section
from gallery.config.vae import VaeSettings

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "sag2021": {
        "perturbation": {"baseline": "black", "align_corners": True, "resize": "stretch"},
        "search": {"method": "sag2021", "p_high": 0.9, "overlaps": [0, 1, 2]},
        "graph": {"p_low": 0.4, "n_roots": 3, "overlap": 1, "selection": "first", "max_children": 3},
    }
}
"""Preset -> table -> keys that stand in for those the manifest leaves out."""


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
    vae: VaeSettings | None = Field(None, description="Trained autoencoders; absent: none.")
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
