"""``[concepts]``: learned concepts of classes."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from gallery.config.section import Section, Sha256


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
