from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from gallery.records import Float32, UInt8
from gallery.render.figures.heat import overlay
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.printing import Provenance, figure, overlay_pdf, overlay_png, overlay_svg

NS = "{http://www.w3.org/2000/svg}"


def texts(svg: bytes) -> list[str]:
    return [str(element.text) for element in ET.fromstring(svg).iter(f"{NS}text")]


def test_png_is_large_enough_for_print_and_says_what_it_is(
    view: UInt8, heat: Float32, provenance: Provenance
) -> None:
    with Image.open(BytesIO(overlay_png(view, heat, provenance))) as image:
        assert max(image.size) == 1200
        assert [round(d) for d in image.info["dpi"]] == [300, 300]
        assert image.info["Title"] == "Grad-CAM: Tom & Jerry <3 (\u732b)"
        assert f"classifier digest: {'ab' * 32}" in image.info["Description"]
        assert "scale: 0.25 to 2.0, minimum to maximum" in image.info["Description"]
        small = image.resize((112, 84), Image.Resampling.BOX)
    assert np.abs(np.asarray(small).astype(int) - overlay(view, heat)).mean() < 3


def test_figure_prints_scale_method_and_credit(view: UInt8, heat: Float32, provenance: Provenance) -> None:
    lines = texts(overlay_svg(view, heat, provenance))
    assert {"0.250", "1.12", "2.00"} <= set(lines)
    assert "Grad-CAM: Tom & Jerry <3 (\u732b)" in lines
    assert "Photograph: Zo\u00eb, CC0-1.0." in lines
    assert any("minimum to maximum" in line for line in lines)


def test_signed_figure_has_zero_in_the_middle_of_its_bar(view: UInt8, provenance: Provenance) -> None:
    values = np.array([[-2.0, 1.0]], dtype=np.float32)
    assert {"-2.00", "0", "2.00"} <= set(texts(overlay_svg(view, values, provenance, signed=True)))


def test_constant_map_is_said_to_be_constant(view: UInt8, provenance: Provenance) -> None:
    lines = texts(overlay_svg(view, np.zeros((7, 7), np.float32), provenance))
    assert "constant map: 0 everywhere" in lines


def test_long_captions_are_shortened_to_the_figure(view: UInt8, heat: Float32) -> None:
    long = Provenance("t" * 200, "m", "i" * 200, "c" * 200, "k" * 200, "d" * 64)
    lines = texts(overlay_svg(view, heat, long))
    assert all(text_width(line, 7) <= 234 for line in lines)
    assert figure(view, heat, long, colormap=None, opacity=0.5, signed=False).facts["image"] == "i" * 200


def test_same_bytes_every_time(view: UInt8, heat: Float32, provenance: Provenance) -> None:
    for draw in (overlay_png, overlay_svg, overlay_pdf):
        assert draw(view, heat, provenance) == draw(view.copy(), heat.copy(), provenance)


def test_colormap_and_opacity_reach_the_file(view: UInt8, heat: Float32, provenance: Provenance) -> None:
    svg = overlay_svg(view, heat, provenance, colormap="turbo", opacity=0.3)
    assert b'opacity="0.3"' in svg
    assert any("Turbo, 30 % opaque" in line for line in texts(svg))
