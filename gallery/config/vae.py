"""``[vae]``: trained variational autoencoders, explained by attention."""

from pydantic import Field, model_validator

from gallery.config.section import Section, Sha256


class VaeSettings(Section):
    """``[vae]``: checkpoints of ``gallery vae train`` and what pages show of them; absent by default."""

    trained: dict[str, Sha256] = Field(
        {}, description="Checkpoints (model.safetensors) of `gallery vae train`, and SHA-256."
    )
    data: dict[str, str] = Field(
        {}, description="Checkpoint -> where its data are here, if not where they were trained on."
    )
    results: dict[str, Sha256] = Field(
        {}, description="Disentanglement measured elsewhere (JSON of make bench-vae), and SHA-256."
    )
    n_per_kind: int = Field(3, ge=1, le=12, description="Examples shown per kind of defect.")
    n_samples: int = Field(8, ge=1, le=256, description="Of the normal difference, per picture.")
    n_pictures: int = Field(2, ge=1, le=6, description="Pictures whose latents are traversed.")
    n_latents: int = Field(10, ge=1, le=64, description="Latents shown per picture, of most change.")

    @model_validator(mode="after")
    def _something_is_named(self) -> "VaeSettings":
        if not self.trained and not self.results:
            raise ValueError("name at least one checkpoint in trained, or a file in results")
        if stray := [name for name in self.data if name not in self.trained]:
            raise ValueError(f"data names {stray[0]!r}, which is not in trained")
        return self
