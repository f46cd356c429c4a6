from xml.etree import ElementTree as ET

import numpy as np

from gallery.records import MaskModel, UInt8
from gallery.render.figures.canvas import Box, Path, Picture, Text
from gallery.render.figures.partition import Partition
from gallery.render.figures.segment_map import segment_map
from gallery.render.figures.svg import svg_file

SEGMENTS = np.minimum(np.indices((42, 56))[1] // 20, 2).astype(np.int16)
PATCHES = Partition(MaskModel(partition="slic", n_segments=3), SEGMENTS)


def test_every_superpixel_is_outlined_and_numbered_inside_it(view: UInt8) -> None:
    drawing = segment_map(view, PATCHES, title="Superpixels of <tom>", facts={"image": "tom"})
    texts = [item for item in drawing.items if isinstance(item, Text)]
    assert [text.text for text in texts] == ["0", "1", "2"]
    scale = 56 / drawing.width
    assert [SEGMENTS[int((text.y - 2) * scale), int(text.x * scale)] for text in texts] == [0, 1, 2]
    assert all(len(item.points) == 3 for item in drawing.items if isinstance(item, Path))
    assert sum(isinstance(item, Picture) for item in drawing.items) == 1
    assert drawing.height / drawing.width == view.shape[0] / view.shape[1]


def test_plates_stay_on_the_picture(view: UInt8) -> None:
    narrow = np.zeros((42, 56), np.int16)
    narrow[:, -1] = 1
    patches = Partition(MaskModel(partition="slic", n_segments=2), narrow)
    drawing = segment_map(view, patches, title="t", facts={})
    for box in (item for item in drawing.items if isinstance(item, Box)):
        assert 0 <= box.x <= box.x + box.width <= drawing.width + 1e-9
        assert 0 <= box.y <= box.y + box.height <= drawing.height + 1e-9


def test_the_file_is_well_formed_and_the_same_every_time(view: UInt8) -> None:
    first, second = (
        svg_file(segment_map(view, PATCHES, title="Superpixels of <tom>", facts={"image": "tom"}))
        for _ in range(2)
    )
    assert first == second
    assert ET.fromstring(first).findtext("{http://www.w3.org/2000/svg}title") == "Superpixels of <tom>"
