"""A synthetic photograph and heatmap, small and exact."""

import numpy as np
import pytest

from gallery.records import Float32, UInt8
from gallery.render.figures.printing import Provenance


@pytest.fixture
def view() -> UInt8:
    """A (84, 112, 3) picture: red grows to the right, green downwards, blue constant."""
    red, green = np.meshgrid(np.linspace(40, 250, 112), np.linspace(30, 220, 84))
    return np.stack([red, green, np.full_like(red, 90)], axis=2).astype(np.uint8)


@pytest.fixture
def heat() -> Float32:
    """A (42, 56) map from 0.25 at the top to 2.0 at the bottom."""
    return np.repeat(np.linspace(0.25, 2.0, 42, dtype=np.float32)[:, None], 56, axis=1)


@pytest.fixture
def provenance() -> Provenance:
    """Provenance with characters that XML and PDF must escape."""
    return Provenance(
        title="Tom & Jerry <3 (\u732b)",
        method="Grad-CAM",
        image_id="tom",
        classifier="embedded:efficientnet_lite0",
        class_name="tabby, tabby cat",
        digest="ab" * 32,
        credit="Zo\u00eb, CC0-1.0",
    )
