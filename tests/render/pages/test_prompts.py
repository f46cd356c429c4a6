"""What an image page says about needed and precluded regions."""

import csv
import dataclasses
import io
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import nodes

from gallery.records import ImageResult, Prompted, Shares
from gallery.render.pages import drawing, prompt_parts
from gallery.render.pages.drawing import Subject
from gallery.render.pages.environment import make_environment
from gallery.render.pages.output import Output
from gallery.render.pages.prompt_parts import PromptsView
from gallery.render.pages.prompts import build_prompts
from gallery.templates import templates_folder
from tests.render.pages import synthetic

NAMES = {
    "picture": "Outlined",
    "change": "ChangeRow",
    "row": "ShareRow",
    "mse": "MseShareRow",
    "pair": "MapPair",
    "found": "PromptsView",
}
"""Variable of the templates -> what it holds."""


@pytest.fixture(scope="module")
def result() -> ImageResult:
    """Return a synthetic result with regions."""
    return next(one for one in synthetic.results() if one.prompted is not None)


def view_of(result: ImageResult, folder: Path) -> PromptsView | None:
    card = next(c for c in synthetic.classifier_cards() if c.slug == result.classifier)
    subject, output = Subject(result, card, "i/x", ""), Output(folder / "pages", folder / "cache")
    heats = {
        m.name: drawing.draw_heat(subject, result.heatmaps[m.name], m, output) for m in synthetic.METHODS
    }
    return build_prompts(subject, synthetic.METHODS, heats, output)


def seen(result: ImageResult, folder: Path) -> PromptsView:
    view = view_of(result, folder)
    assert view is not None
    return view


def with_prompts(result: ImageResult, **changes: object) -> ImageResult:
    assert result.prompted is not None
    prompts = replace(result.prompted.prompts, **changes)  # type: ignore[arg-type]
    return replace(result, prompted=replace(result.prompted, prompts=prompts))


def prompted(result: ImageResult) -> Prompted:
    assert result.prompted is not None
    return result.prompted


def test_templates_use_exactly_the_fields_of_their_parts() -> None:
    environment = make_environment(templates_folder())
    source = (templates_folder() / "partials" / "_prompts.j2").read_text(encoding="utf-8")
    used: dict[str, set[str]] = {}
    for access in environment.parse(source).find_all(nodes.Getattr):
        if isinstance(access.node, nodes.Name):
            used.setdefault(access.node.name, set()).add(access.attr)
    by_name = {
        name: {field.name for field in dataclasses.fields(getattr(prompt_parts, name))}
        for name in NAMES.values()
    }
    # A row of explanations shares its first cells with a row of heatmaps.
    used["mse"] |= {"needed", "precluded"} & used["row"]
    assert {name: used[name] for name in NAMES} == {name: by_name[part] for name, part in NAMES.items()}


def test_an_image_without_regions_says_nothing(result: ImageResult, tmp_path: Path) -> None:
    assert view_of(replace(result, prompted=None), tmp_path) is None


def test_alternative_texts_say_where_the_regions_are_and_what_is_said(
    result: ImageResult, tmp_path: Path
) -> None:
    outlined, without = seen(result, tmp_path).pictures
    assert outlined.alt == (
        "Chelsea the cat with the needed region framed (17 % of the picture, 22 % to 76 % of its width, "
        "27 % to 58 % of its height) and the precluded region framed and hatched (22 % of the picture, "
        "9 % to 91 % of its width, 67 % to 94 % of its height)."
    )
    p = prompted(result).prompts.predictions["without_precluded"].p_full
    assert without.alt == f"Chelsea the cat without the precluded region: tabby cat at p = {p:.3f}."
    assert (tmp_path / "pages" / outlined.path).is_file()
    assert (tmp_path / "pages" / without.path).is_file()


def test_the_changed_prediction_is_put_beside_the_whole_image_s(result: ImageResult, tmp_path: Path) -> None:
    view = seen(result, tmp_path)
    p, predictions = result.prediction.p_full, prompted(result).prompts.predictions
    assert [row.what for row in view.changes] == [
        "Whole image",
        "Precluded region replaced",
        "Needed region replaced",
        "All but the needed region replaced",
    ]
    assert view.changes[0].change == ""
    assert view.changes[1].change == f"\N{MINUS SIGN}{p - predictions['without_precluded'].p_full:.3f}"
    second = result.prediction.top[1]
    assert view.changes[2].top.startswith(second.name)
    assert (
        f"With the needed region replaced, the probability of tabby cat goes from {p:.3f} to" in view.verdict
    )
    assert view.verdict.count("no longer the most probable class") == 1


def test_explanations_are_judged_by_the_threshold_of_the_whole_image(
    result: ImageResult, tmp_path: Path
) -> None:
    rows = seen(result, tmp_path).mses
    assert [row.link.path for row in rows] == [f"#mse-{i}" for i in range(1, len(rows) + 1)]
    for row, one in zip(rows, prompted(result).prompts.mses, strict=False):
        assert one.probability is not None
        still = one.probability >= result.search.threshold
        assert row.verdict == ("still sufficient" if still else "no longer sufficient")
        assert one.shares.needed is not None
        assert row.needed == f"{100 * one.shares.needed:.0f} %"
    assert {row.verdict for row in rows} == {"still sufficient", "no longer sufficient"}


def test_only_so_many_explanations_are_listed(
    result: ImageResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.render.pages.prompts.MOST_MSES", 2)
    view = seen(result, tmp_path)
    assert len(view.mses) == 2
    assert view.mses_note == f"{len(result.search.mses) - 2} more in the CSV file."


def test_maps_are_compared_with_one_spread_evenly(result: ImageResult, tmp_path: Path) -> None:
    view = seen(result, tmp_path)
    assert (view.maps[0].link.title, view.maps[0].needed, view.maps[0].precluded) == (
        "Spread evenly", "17 %", "22 %",
    )  # fmt: skip
    again, other = view.maps[1], view.maps[2]
    assert (again.correlation, other.correlation) == ("0.250", "\N{EN DASH}")
    assert other.precluded_after == "\N{EN DASH}"
    (pair,) = view.pairs
    assert pair.before.path.endswith("heat-grad_cam.png")
    assert pair.after.path.endswith("heat-grad_cam-without.png")
    assert (tmp_path / "pages" / pair.after.path).read_bytes() != (
        tmp_path / "pages" / pair.before.path
    ).read_bytes()
    assert pair.after.alt.startswith("Grad-CAM heatmap without the precluded region (tabby cat at p = ")


def test_what_has_no_number_is_a_dash_and_what_is_not_marked_has_no_column(
    result: ImageResult, tmp_path: Path
) -> None:
    nothing = with_prompts(result, needed=None, areas=Shares(None, 0.2))
    assert not seen(nothing, tmp_path).has_needed
    assert seen(nothing, tmp_path).maps[0].needed == "\N{EN DASH}"
    unseen = with_prompts(result, needed=None, precluded=None, predictions={}, note="Out of sight.")
    unseen = replace(unseen, prompted=replace(prompted(unseen), heatmaps={}, search=None))
    view = seen(unseen, tmp_path)
    assert (view.pictures, view.verdict, view.again, view.note) == ((), "", "", "Out of sight.")


def test_a_second_search_is_told_also_if_it_found_nothing(result: ImageResult, tmp_path: Path) -> None:
    n = len(result.search.mses)
    said = seen(result, tmp_path).again
    assert f"{n} minimal sufficient sets were found" in said
    assert f"the smallest of 3 patches, {n - 1} of them found on the whole image as well" in said
    agreed = prompted(result).prompts.agreement
    assert agreed is not None
    none = with_prompts(result, agreement=replace(agreed, n_mses=0, smallest=None, similarity=None))
    assert "no set of patches was found" in seen(none, tmp_path).again


def test_the_csv_file_has_every_number(result: ImageResult, tmp_path: Path) -> None:
    (link,) = seen(result, tmp_path).files
    text = (tmp_path / "pages" / link.path).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    kinds = [row["kind"] for row in rows]
    assert kinds.count("mse") == len(result.search.mses)
    assert kinds.count("heatmap") == len(synthetic.METHODS)
    assert kinds.count("prediction") == 4
    cam = next(row for row in rows if row["name"] == "grad_cam")
    shares = prompted(result).maps["grad_cam"].shares
    assert float(cam["needed"]) == pytest.approx(shares.needed, rel=1e-8)
    assert cam["rank_correlation"] == "0.25"
    assert next(row for row in rows if row["name"] == "rise")["needed_without"] == ""


def test_only_pages_of_images_with_regions_have_the_section(tmp_path_factory: pytest.TempPathFactory) -> None:
    pages = synthetic.rendered(tmp_path_factory) / "pages" / "i"
    marked = synthetic.page_text(pages / "chelsea.md")
    assert "## Needed and precluded regions { #regions }" in marked.replace("###", "##")
    for name in ("espresso", "pair"):
        text = synthetic.page_text(pages / f"{name}.md")
        assert "recluded" not in text
        assert "regions" not in text
