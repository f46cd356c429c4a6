from xml.etree import ElementTree as ET

from gallery.records import Float32, UInt8
from gallery.render.figures.canvas import Box, Drawing, Group, Path, Picture, Text
from gallery.render.figures.photo import photo_jpeg
from gallery.render.figures.svg import inline_svg, svg_file

NS = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('1')</script> & \"x\"\x00"


def drawing(*items: Box | Group | Path | Picture | Text) -> Drawing:
    return Drawing(100, 50, items, HOSTILE, HOSTILE, {"image": HOSTILE})


def test_everything_is_escaped() -> None:
    group = Group((Text(1, 2, HOSTILE),), id="g", data={"x": HOSTILE}, title=HOSTILE)
    for text in (inline_svg(drawing(group), prefix="p", css="c"), svg_file(drawing(group)).decode()):
        root = ET.fromstring(text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>'))
        assert not list(root.iter(f"{NS}script"))
        assert [t.text for t in root.iter(f"{NS}text")] == [HOSTILE.rstrip("\x00")]


def test_inline_svg_is_labelled_prefixed_and_without_size() -> None:
    root = ET.fromstring(inline_svg(drawing(Group((), id="n1")), prefix="fig-", css="c"))
    assert root.get("role") == "img"
    ids = {e.get("id") for e in root.iter() if e.get("id")}
    assert set(str(root.get("aria-labelledby")).split()) <= ids
    assert all(str(i).startswith("fig") for i in ids)
    assert "fig-n1" in ids
    assert root.get("width") is None
    assert root.get("viewBox") == "0 0 100 50"


def test_ink_follows_the_page_and_colours_do_not() -> None:
    text = inline_svg(drawing(Text(0, 0, "a"), Text(0, 0, "b", colour="#123456")), prefix="p", css="c")
    root = ET.fromstring(text)
    assert root.get("fill") == "currentColor"
    assert [t.get("fill") for t in root.iter(f"{NS}text")] == [None, "#123456"]


def test_a_picture_drawn_twice_is_stored_once(view: UInt8) -> None:
    data = photo_jpeg(view)
    clip = (((0.0, 0.0), (5.0, 0.0), (5.0, 5.0)),)
    items = (Picture(0, 0, 10, 10, data), Picture(10, 0, 10, 10, data, clip=clip))
    root = ET.fromstring(inline_svg(drawing(*items), prefix="p", css="c"))
    assert len(list(root.iter(f"{NS}image"))) == 1
    assert [use.get("href") for use in root.iter(f"{NS}use")] == ["#p-img0", "#p-img0"]
    assert [c.get("id") for c in root.iter(f"{NS}clipPath")] == ["p-clip0"]


def test_paths_are_written_shortest() -> None:
    path = Path((((0, 0), (5, 0), (5, 4.25), (1, 1)),), closed=True, stroke="#000000", dash=(2, 1))
    curve = Path((((0, 0), (1, 1), (2, 1), (3, 0)),), curved=True, stroke="ink")
    text = inline_svg(drawing(path, curve), prefix="p", css="c")
    assert 'd="M0 0H5V4.2L1 1z"' in text
    assert 'd="M0 0C1 1 2 1 3 0"' in text
    assert 'stroke-dasharray="2 1"' in text
    assert 'stroke="currentColor"' in text


def test_files_carry_provenance(heat: Float32) -> None:
    text = svg_file(drawing(Box(0, 0, float(heat.shape[1]), 1, radius=2))).decode()
    assert "<dc:creator><rdf:Seq><rdf:li>Explanation Gallery</rdf:li></rdf:Seq></dc:creator>" in text
    assert "<eg:image>" in text
    assert 'width="100pt"' in text
