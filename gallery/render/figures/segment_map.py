"""The patches of an image with their names: which superpixel is which, as a drawing."""

from collections.abc import Iterator, Mapping

from gallery.records import UInt8
from gallery.render.figures.canvas import Box, Drawing, Item, Path, Picture, Text
from gallery.render.figures.heat import require_view
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.partition import Partition
from gallery.render.figures.patches import Rect
from gallery.render.figures.photo import photo_jpeg

_LONGER_PT = 468.0
_TEXT_PT = (5.0, 9.0)
_DARK, _LIGHT, _PLATE = "#141414", "#ffe14a", "#ffffff"


def segment_map(view: UInt8, patches: Partition, *, title: str, facts: Mapping[str, str]) -> Drawing:
    """Draw the photograph with the border of every superpixel and its number.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        patches: Superpixels of this image.
        title: Of the drawing.
        facts: Provenance as name -> text, written into the file.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    require_view(view)
    height, width = view.shape[:2]
    scale = _LONGER_PT / max(height, width)
    box = (0.0, 0.0, width * scale, height * scale)
    loops = tuple(
        loop for cell in range(patches.mask_model.n_cells) for loop in patches.outline(1 << cell, box)
    )
    items: list[Item] = [
        Picture(*box, photo_jpeg(view)),
        # Yellow on a dark line is seen on any photograph.
        Path(loops, closed=True, stroke=_DARK, line=1.8),
        Path(loops, closed=True, stroke=_LIGHT, line=0.8),
        *_numbers(patches, box),
    ]
    return Drawing(
        width=box[2],
        height=box[3],
        items=items,
        title=title,
        description=f"The photograph divided into {patches.mask_model.n_cells} numbered superpixels.",
        facts=facts,
    )


def _numbers(patches: Partition, box: Rect) -> Iterator[Item]:
    """Yield the number of each superpixel on a white plate, well inside it."""
    smallest, largest = _TEXT_PT
    size = min(largest, max(smallest, 0.22 * patches.side(box)))
    for cell in range(patches.mask_model.n_cells):
        x, y = patches.middle(cell, box)
        text = str(cell)
        wide, high = text_width(text, size, bold=True) + 0.4 * size, 1.1 * size
        left = min(max(x - wide / 2, 0.0), box[2] - wide)
        top = min(max(y - high / 2, 0.0), box[3] - high)
        yield Box(left, top, wide, high, fill=_PLATE, radius=0.2 * size)
        yield Text(left + wide / 2, top + 0.92 * size, text, size, "middle", bold=True, colour=_DARK)
