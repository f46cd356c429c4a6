"""``[[images]]``: photographs, composites, and the regions marked in them."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gallery.config.section import SLUG, Section, Sha256


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
