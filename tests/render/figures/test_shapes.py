import json
import re

import numpy as np

from gallery.records import MaskModel
from gallery.render.figures.partition import Partition
from gallery.render.figures.shapes import patch_shapes


def test_a_grid_needs_none() -> None:
    assert patch_shapes(Partition(MaskModel())) == b"{}"


def test_every_superpixel_has_a_closed_path_and_a_point_inside() -> None:
    rows, cols = np.indices((12, 16))
    segments = ((cols + rows // 2) // 6 + 4 * (rows // 6)).astype(np.int16)
    segments = np.unique(segments, return_inverse=True)[1].reshape(12, 16).astype(np.int16)
    patches = Partition(MaskModel(partition="slic").of(segments), segments)
    data = json.loads(patch_shapes(patches))
    assert data["size"] == [16, 12]
    assert len(data["shapes"]) == segments.max() + 1
    for cell, (path, x, y) in enumerate(data["shapes"]):
        assert re.fullmatch(r"(M[\d. ]+([HVL][\d. ]+)+z)+", path)
        assert segments[int(y), int(x)] == cell
    assert patch_shapes(patches) == patch_shapes(patches)
