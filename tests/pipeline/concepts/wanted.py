"""Concepts of the tiny set: settings that learn within a second."""

from typing import Any

from gallery.config import SetSettings
from tests.pipeline.toy import settings_of

CONCEPTS: dict[str, Any] = {
    "classes": ["dog"], "n_views": 60, "n_features": 5, "hidden": [32, 16], "epochs": 4, "n_seeds": 2,
    "learning_rate": 0.01, "batch": 10,
    "layer": "features", "n_strongest": 2, "maps": {"grad_cam": {}, "occlusion": {"cells": 2, "steps": 1}},
}  # fmt: skip


def wanting(**changes: Any) -> SetSettings:  # noqa: ANN401
    """Return the settings of the tiny set with concepts of "dog"."""
    return settings_of(concepts=CONCEPTS | changes)
