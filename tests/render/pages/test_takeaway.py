"""Strips, the archive and where figures say they come from."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from gallery.records import ImageResult, Measurement
from gallery.render.figures.metadata import FACTS
from gallery.render.pages.archive import pack, readme
from gallery.render.pages.citation import Citation, cite
from gallery.render.pages.origin import Origin, origin_of
from gallery.render.pages.takeaway import N_MAPS, chosen_maps
from tests.render.pages import synthetic

SLUG = "embedded-net_a"
EG = f"{{{FACTS}}}"
KINDS = {
    "strip": "pdf svg png",
    "strip-column": "pdf svg png",
    "slide": "png svg",
    "sag-column": "pdf svg png",
}


def _result() -> ImageResult:
    return next(synthetic.results())


def _citation(*, url: str = "https://example.org/gallery") -> Citation:
    return cite(synthetic.settings(url=url), key="k", title="t", path="i/chelsea.html")


def test_every_image_with_a_graph_offers_every_figure(built: Path) -> None:
    text = synthetic.page_text(built / "pages/i/chelsea.md")
    for name, kinds in KINDS.items():
        for kind in kinds.split():
            for slug in (SLUG, "embedded-net_b"):
                path = f"i/chelsea/{slug}/{name}.{kind}"
                assert (built / "pages" / path).stat().st_size > 1000
                assert f'href="../{path}" download' in text
    assert not (built / f"pages/i/espresso/{SLUG}/sag-column.pdf").exists()
    assert (built / f"pages/i/espresso/{SLUG}/strip.pdf").is_file()


def test_a_slide_and_a_strip_have_their_sizes(built: Path) -> None:
    folder = built / f"pages/i/chelsea/{SLUG}"
    with Image.open(folder / "slide.png") as slide:
        assert slide.size == (1920, 1080)
    width = ET.parse(folder / "strip.svg").getroot().get("width")
    assert width == f"{6.875 * 72:g}pt"
    assert ET.parse(folder / "strip-column.svg").getroot().get("width") == f"{3.25 * 72:g}pt"


def test_figures_say_where_they_come_from(built: Path) -> None:
    for name in ("rise", "strip", "sag", "sag-column"):
        root = ET.parse(built / f"pages/i/chelsea/{SLUG}/{name}.svg").getroot()
        said = {e.tag.removeprefix(EG): e.text for e in root.iter() if e.tag.startswith(EG)}
        assert said["image"] == "chelsea"
        assert said["source"] == "package:skimage/data/chelsea.png"
        assert said["foundAt"] == "https://example.org/photo"
        assert said["photographBy"] == "Stefan van der Walt"
        assert said["licence"] == "CC0-1.0"
        assert said["classifier"] == "embedded:net_a"
        assert said["classifierDigest"] == "a" * 64
        assert said["gallery"] == "What the network saw, version 1.0"
        assert str(said["permalink"]).startswith("https://example.org/gallery/i/chelsea.html")
    root = ET.parse(built / f"pages/i/chelsea/{SLUG}/rise.svg").getroot()
    said = {e.tag.removeprefix(EG): e.text for e in root.iter() if e.tag.startswith(EG)}
    assert json.loads(str(said["options"])) == {"n_masks": 4000}
    assert said["seed"] == "7"
    assert str(said["permalink"]).endswith("#fig-rise")


def test_a_set_without_an_address_gives_no_permalink() -> None:
    facts = origin_of(_citation(url=""), synthetic.settings(url="")).facts(_result().image)
    assert "permalink" not in facts
    assert facts["authors"] == "Curie, Ada; The Gallery Group"
    assert set(Origin().facts(_result().image)) >= {"source", "licence", "software"}


def _measured(result: ImageResult, values: dict[str, float | None]) -> ImageResult:
    """Return a result with deletion (lower is better) as given."""
    taken = {
        name: {"deletion": Measurement("deletion", name, value, None, None, 1, 0.0)}
        for name, value in values.items()
    }
    return replace(result, measurements=taken)


def test_maps_come_best_first_and_those_nearly_the_same_last() -> None:
    result, catalogue = _result(), synthetic.catalogue()
    rise = result.heatmaps["rise"]
    # Two copies of one map, whatever their scale, one upside down, one constant.
    maps = {
        "grad_cam": replace(rise, values=rise.values * 3 + 1),
        "rise": rise,
        "i_gos": replace(rise, values=np.zeros_like(rise.values)),
        "gradient": replace(rise, values=-rise.values),
    }
    given = replace(result, heatmaps=maps)
    values: dict[str, float | None] = {"rise": 0.2, "grad_cam": 0.3, "gradient": 0.5, "i_gos": 0.1}
    chosen = chosen_maps(_measured(given, values), catalogue)
    assert [method.name for method in chosen] == ["rise", "gradient", "i_gos", "grad_cam"]
    chosen = chosen_maps(_measured(given, {"grad_cam": None, "gradient": 0.4}), catalogue)
    assert [method.name for method in chosen] == ["gradient", "grad_cam", "rise", "i_gos"]
    assert len(chosen) <= N_MAPS
    assert chosen_maps(replace(result, heatmaps={}), catalogue) == ()


def test_the_archive_holds_arrays_numbers_figures_and_citation(built: Path) -> None:
    pages = built / "pages/i/chelsea"
    with zipfile.ZipFile(pages / "chelsea.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert names == sorted(names)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        held = {name.removeprefix("chelsea/") for name in names}
        text = archive.read("chelsea/README.txt").decode()
        maps = np.load(io.BytesIO(archive.read(f"chelsea/{SLUG}/heatmaps.npz")))
        assert set(maps) == {card.name for card in synthetic.METHODS}
        for name in held - {"README.txt"}:
            assert archive.read(f"chelsea/{name}") == (pages / name).read_bytes()
    wanted = (
        "explanations.json heatmaps.npz input.npy baseline.npy sag.json sag.dot sag.pdf strip.png rise.svg"
    )
    assert {"cite.bib", "cite.csl.json", *(f"{SLUG}/{name}" for name in wanted.split())} <= held
    assert not [name for name in held if name.endswith(".webp") or name.endswith("rise.png")]
    assert "embedded-net_b/ explains" in text
    for name in held - {"README.txt"}:
        assert f"  {name}\n" in text
    page = synthetic.page_text(built / "pages/i/chelsea.md")
    assert page.count('href="../i/chelsea/chelsea.zip" download') == 2


def test_an_archive_is_the_same_bytes_every_time() -> None:
    files = {"b.npz": b"\x00" * 99, "a/c.json": b"{}" * 500}
    assert pack(files, "x") == pack(dict(reversed(files.items())), "x")
    with zipfile.ZipFile(io.BytesIO(pack(files, "x"))) as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
        assert {info.create_system for info in archive.infolist()} == {3}
    assert kinds == {"x/a/c.json": zipfile.ZIP_DEFLATED, "x/b.npz": zipfile.ZIP_STORED}


def test_the_readme_explains_what_there_is_and_nothing_else() -> None:
    result = _result()
    text = readme([result], _citation(), ["cite.bib", "n/explanations.json", "n/strip.pdf"])
    assert "every number on this page" in text
    assert "sag-column.pdf" not in text
    assert "Page: https://example.org/gallery/i/chelsea.html" in text
    hostile = replace(result, image=replace(result.image, title=synthetic.HOSTILE))
    assert len(readme([hostile], _citation(url=""), []).splitlines()[0]) > 20
    assert "Page:" not in readme([hostile], _citation(url=""), [])


def test_hostile_texts_break_no_figure(built_hostile: Path) -> None:
    folder = built_hostile / f"pages/i/chelsea/{SLUG}"
    for file in folder.glob("*.svg"):
        root = ET.parse(file).getroot()
        assert not [e for e in root.iter() if e.tag.rpartition("}")[2] == "script"], file
    with zipfile.ZipFile(built_hostile / "pages/i/chelsea/chelsea.zip") as archive:
        assert "<script>alert(1)</script>" in archive.read("chelsea/README.txt").decode()
