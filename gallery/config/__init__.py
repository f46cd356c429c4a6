"""The settings of a set: what may stand in ``gallery.toml``.

Every model forbids unknown keys. Reading the file and reporting all problems with "did you mean" is
``gallery.curation.manifest``'s work; these classes only say what is allowed.
"""

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
from gallery.config.gallery_set import PRESETS, SetSettings
from gallery.config.images import ImageEntry, Marking
from gallery.config.section import SLUG, Section
from gallery.config.vae import VaeSettings

__all__ = [
    "PRESETS",
    "SLUG",
    "ConceptSettings",
    "GraphSettings",
    "ImageEntry",
    "Marking",
    "MeasureSettings",
    "NecessitySettings",
    "PerturbationSettings",
    "PromptSettings",
    "QuestionSettings",
    "RobustnessSettings",
    "SearchSettings",
    "Section",
    "SetSettings",
    "VaeSettings",
    "WhatIfSettings",
]
