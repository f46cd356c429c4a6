from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import UInt8
from gallery.render.figures.canvas import Anchor, Box, Drawing, Group, Item, Path, Picture, Text
from gallery.render.figures.png import MAX_PIXELS, MAX_SIDE_PX, png_file

WHITE, RED, BLUE = [255, 255, 255], [255, 0, 0], [0, 0, 255]


def drawn(*items: Item, dpi: int = 72) -> UInt8:
    """Return the pixels of a drawing of 60 by 40 points."""
    with Image.open(BytesIO(png_file(Drawing(60, 40, items, "t"), dpi=dpi))) as image:
        assert image.mode == "RGB"
        return np.asarray(image)


def extent(pixels: UInt8) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom (exclusive) of what is not white."""
    rows, columns = np.nonzero((pixels != 255).any(axis=2))
    return (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)


def plain_png(colour: tuple[int, int, int]) -> bytes:
    """Return a picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (4, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


def square(low: float, high: float) -> tuple[tuple[float, float], ...]:
    """Return a loop, clockwise."""
    return ((low, low), (high, low), (high, high), (low, high))


def test_a_box_covers_exactly_its_pixels_and_its_stroke_straddles_its_edge() -> None:
    pixels = drawn(Box(10, 5, 20, 15, fill="#0000ff", stroke="#ff0000", line=2))
    assert extent(pixels) == (9, 4, 31, 21)
    assert (pixels[6:19, 11:29] == BLUE).all()
    assert (pixels[4:6, 9:31] == RED).all()
    assert (pixels[4:21, 29:31] == RED).all()


def test_round_corners_are_cut_and_sides_stay() -> None:
    pixels = drawn(Box(10, 10, 20, 20, fill="#0000ff", radius=10))
    assert extent(pixels) == (10, 10, 30, 30)
    assert pixels[11, 11].tolist() == WHITE
    area = (255 - pixels[..., 0].astype(float)).sum() / 255
    assert area == pytest.approx(np.pi * 100, rel=0.02)


def test_lines_have_their_width_flat_ends_and_dashes() -> None:
    pixels = drawn(Path((((10, 20), (50, 20)),), stroke="#ff0000", line=4))
    assert extent(pixels) == (10, 18, 50, 22)
    assert (pixels[18:22, 10:50] == RED).all()
    dashed = drawn(Path((((10, 20), (50, 20)),), stroke="#ff0000", line=4, dash=(6, 4)))
    assert ["".join("#" if v == 0 else "." for v in dashed[20, 10:50, 1])] == ["######...." * 4]


def test_a_slanted_line_has_the_area_of_its_length_times_its_width() -> None:
    pixels = drawn(Path((((10, 5), (50, 35)),), stroke="#ff0000", line=3))
    assert (255 - pixels[..., 1].astype(float)).sum() / 255 == pytest.approx(50 * 3, rel=0.02)


def test_closed_strokes_have_square_corners_and_an_empty_middle() -> None:
    pixels = drawn(Path((square(10, 30),), closed=True, stroke="#ff0000", line=2))
    assert extent(pixels) == (9, 9, 31, 31)
    assert pixels[9, 9].tolist() == pixels[30, 30].tolist() == pixels[20, 10].tolist() == RED
    assert (pixels[11:29, 11:29] == WHITE).all()


def test_shapes_without_area_leave_no_trace() -> None:
    flat = (((10.0, 20.0), (50.0, 20.0)),)
    pixels = drawn(
        Path(flat, closed=True, fill="#ff0000"),
        Path(flat, stroke="#ff0000", line=0),
        Path((((5, 5), (5, 5)),), stroke="#ff0000"),
        Box(10, 10, 0, 20, fill="#ff0000"),
        Picture(10, 10, 0, 20, plain_png((255, 0, 0))),
    )
    assert (pixels == 255).all()


def test_a_curve_passes_where_its_formula_says() -> None:
    pixels = drawn(
        Path((((5, 35), (5, 5), (55, 5), (55, 35)),), curved=True, stroke="#ff0000", line=2), dpi=144
    )
    # Half way, a cubic Bezier curve is at an eighth of its ends and three eighths of its controls.
    assert pixels[round(12.5 * 2), 60].tolist() == RED
    assert pixels[(9 * 2), 60].tolist() == WHITE
    assert extent(pixels)[3] == 70


def test_a_hole_needs_the_opposite_direction() -> None:
    outer, inner = square(5, 35), square(15, 25)
    ring = drawn(Path((outer, inner[::-1]), closed=True, fill="#0000ff"))
    assert ring[20, 20].tolist() == WHITE
    assert ring[10, 10].tolist() == BLUE
    full = drawn(Path((outer, inner), closed=True, fill="#0000ff"))
    assert full[20, 20].tolist() == BLUE


def test_a_clipped_picture_shows_only_within_its_loops() -> None:
    pixels = drawn(Picture(0, 0, 40, 40, plain_png((0, 0, 255)), clip=(square(10, 20), square(20, 30))))
    expected = np.full((40, 60, 3), 255)
    expected[10:20, 10:20] = expected[20:30, 20:30] = BLUE
    np.testing.assert_array_equal(pixels, expected)
    assert (drawn(Picture(0, 0, 40, 40, plain_png((0, 0, 255)), clip=())) == 255).all()


def test_opacity_mixes_with_what_is_below() -> None:
    below = Box(0, 0, 60, 40, fill="#ff0000")
    pixels = drawn(below, Group((Picture(10, 10, 20, 20, plain_png((0, 0, 255)), opacity=0.4),)))
    assert (pixels[10:30, 10:30] == [153, 0, 102]).all()
    assert pixels[9, 9].tolist() == RED


def test_pixels_of_a_picture_are_blended_only_if_smooth() -> None:
    buffer = BytesIO()
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).save(buffer, "PNG")
    sharp = drawn(Picture(0, 0, 60, 40, buffer.getvalue(), smooth=False))
    assert set(np.unique(sharp)) == {0, 255}
    assert len(np.unique(drawn(Picture(0, 0, 60, 40, buffer.getvalue())))) > 20


@pytest.mark.parametrize(("anchor", "left", "right"), [("start", 30, 51), ("middle", 19, 41), ("end", 9, 30)])
def test_text_stands_on_its_baseline_at_its_anchor(anchor: Anchor, left: int, right: int) -> None:
    found = extent(drawn(Text(30, 20, "HHH", 10, anchor)))
    assert found[0] == pytest.approx(left, abs=1)
    assert found[2] == pytest.approx(right, abs=1)
    assert found[3] == pytest.approx(20, abs=1)
    assert found[1] == pytest.approx(13, abs=1)


@pytest.mark.parametrize(("anchor", "top", "bottom"), [("start", 0, 20), ("end", 20, 40)])
def test_turned_text_reads_upwards_from_its_anchor(anchor: Anchor, top: int, bottom: int) -> None:
    left, high, right, low = extent(drawn(Text(30, 20, "HHH", 9, anchor, turned=True)))
    assert left == pytest.approx(24, abs=1)
    assert right == pytest.approx(30, abs=1)
    assert top - 1 <= high <= top + 2
    assert bottom - 2 <= low <= bottom + 1


def test_bold_text_is_darker_and_colours_are_kept() -> None:
    thin, bold = (drawn(Text(5, 30, "Root", 20, bold=b), dpi=144) for b in (False, True))
    assert bold.mean() < thin.mean() - 1
    # The middle of a stem has the colour itself.
    red = drawn(Text(5, 30, "H", 30, bold=True, colour="#ff0000"), dpi=144)
    assert (red == RED).all(axis=2).any()
    assert (red[..., 0] == 255).all()


def test_characters_the_typeface_lacks_are_replaced() -> None:
    for wanted, shown in (("\u2212\u00e9", "-e"), ("\u732b", "?"), ("e\u0301", "e")):
        np.testing.assert_array_equal(drawn(Text(5, 30, wanted, 20)), drawn(Text(5, 30, shown, 20)))


def test_the_file_says_what_it_is_and_is_the_same_every_time() -> None:
    drawing = Drawing(
        60, 40, [Text(5, 30, "a")], "Zo\u00eb \u732b", "In words", {"image": "id", "class": "cat"}
    )
    data = png_file(drawing)
    assert data == png_file(drawing)
    with Image.open(BytesIO(data)) as image:
        assert image.size == (250, 167)
        assert [round(d) for d in image.info["dpi"]] == [300, 300]
        assert image.info["Title"] == "Zo\u00eb \u732b"
        assert image.info["Software"] == "Explanation Gallery"
        assert image.info["Description"] == "image: id; class: cat"
        assert image.info["Comment"] == "In words"
    assert b"tIME" not in data


@pytest.mark.parametrize(("width", "height"), [(7200, 72), (1800, 1800)])
def test_large_drawings_get_fewer_dots_and_say_so(width: int, height: int) -> None:
    with Image.open(BytesIO(png_file(Drawing(width, height, [], "t"), dpi=300))) as image:
        assert max(image.size) <= MAX_SIDE_PX
        assert image.width * image.height <= MAX_PIXELS * 1.001
        assert image.info["dpi"][0] == pytest.approx(image.width / width * 72, rel=0.001)
        assert image.info["dpi"][0] < 200


@pytest.mark.parametrize(("width", "dpi"), [(0, 200), (60, 0)])
def test_a_drawing_without_pixels_is_refused(width: int, dpi: int) -> None:
    with pytest.raises(RenderError, match="must be positive"):
        png_file(Drawing(width, 40, [], "t"), dpi=dpi)
