"""What every table of the manifest is built on."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Section(BaseModel):
    """A table of the manifest: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
