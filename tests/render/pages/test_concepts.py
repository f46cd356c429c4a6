"""Pages about learned concepts: what they say, and that all other pages stay as they are."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gallery.records import (
    ConceptAttempt,
    ConceptImage,
    ConceptMap,
    ConceptNetwork,
    ConceptQuality,
    ConceptResult,
    ConceptViews,
    Heatmap,
    MethodCard,
)
from gallery.render.pages.concept_wording import attempts_text, measures_of, training_of
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic
from tests.render.pages.synthetic import folder_bytes, page_text

METHODS = (
    MethodCard("grad_cam", "Grad-CAM", "Selvaraju et al., ICCV 2017", "Idea.", {}),
    MethodCard("occlusion", "Occlusion", "Zeiler and Fergus, ECCV 2014", "Idea.", {}, signed=True),
)
PAGE = "x/embedded-net_a-1-espresso.md"


def attempt(*, is_accepted: bool = True) -> ConceptAttempt:
    return ConceptAttempt((1, 10, 10), ((2.0, 3.0, 0.5), (0.3, 2.8, 0.2)), (0.9, -0.4, 0.0), is_accepted)


def network(attempts: tuple[ConceptAttempt, ...] = (), n_new_photos: int = 2) -> ConceptNetwork:
    """Return a network of three concepts for class 1, "espresso"."""
    options = {"hidden": [8], "prediction": 1.0, "reconstruction": 10.0, "pull_away": 10.0, "q": 100.0}
    options |= {"along": "images", "epochs": 10, "batch": 50, "learning_rate": 0.001}
    weights = {
        "encoder.0.weight": np.zeros((8, 20), np.float32),
        "last.weight": np.array([[1.5, -0.5, 2.0]], np.float32),
        "last.bias": np.array([0.25], np.float32),
    }
    views = ConceptViews("", 7, 1, 800, 160, n_new_photos, 40)
    quality = ConceptQuality(
        0.98, 0.91, -0.2 if n_new_photos else None, 0.4, None, 0.3, 0.25, (0.9, 0.5, 0.1), 3
    )
    attempts = attempts or (attempt(is_accepted=False), attempt())
    return ConceptNetwork(1, "espresso", "bn2", options, 7, views, attempts, quality, weights, 1000, 9.0)


def result() -> ConceptResult:
    """Return concepts of which the third is silent."""
    values = {"chelsea": (0.5, 1.0, 0.0), "espresso": (3.0, 0.2, 0.0), "pair": (1.0, 0.0, 0.0)}
    images = tuple(
        ConceptImage(name, 2.0, 0.25 + 1.5 * e[0] - 0.5 * e[1], e, (1.5 * e[0], -0.5 * e[1], 0.0))
        for name, e in values.items()
    )
    maps = tuple(
        ConceptMap(name, k, heatmap(method.name, signed=method.signed), 0.25)
        for k, names in enumerate((("espresso", "pair"), ("chelsea",)))
        for name in names
        for method in METHODS
    )
    return ConceptResult("embedded-net_a", network(), images, maps, METHODS)


def heatmap(method: str, *, signed: bool) -> Heatmap:
    native = np.arange(49, dtype=np.float32).reshape(7, 7) - (20 if signed else 0)
    return Heatmap(method, native, native, {}, "classifier.bn2", None, 1, 1, 0.5)


@pytest.fixture(scope="module")
def pages(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages of the synthetic set with concepts; what was drawn for it without is used again."""
    folder = tmp_path_factory.mktemp("concepts")
    shutil.copytree(built / "cache", folder / "cache")
    render_site(
        synthetic.results(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=synthetic.failures(),
        out=folder / "pages",
        cache=folder / "cache",
        concepts=(result(),),
    )
    return folder / "pages"


def test_only_what_has_concepts_changes(built: Path, pages: Path) -> None:
    without, having = folder_bytes(built / "pages"), folder_bytes(pages)
    changed = {name for name in having if without.get(name) != having[name]}
    new = {name for name in changed if name not in without}
    assert changed - new == {"i/espresso.md", "methods.md"}
    assert {name for name in new if name.endswith(".md")} == {PAGE}
    assert all(name.startswith("x/") for name in new)


def test_an_image_of_the_class_shows_what_each_concept_adds(pages: Path) -> None:
    text = page_text(pages / "i/espresso.md")
    rows = text[text.index("Contributions in logits") :].split("</table>")[0]
    assert rows.count("<tr>") == 4
    assert 'x/embedded-net_a-1-espresso.html#concept-1">Concept 1</a>' in rows
    assert "--v:1.0000" in rows
    assert "+4.500" in rows
    assert "\N{MINUS SIGN}0.100" in rows
    assert "4.650 predicted; the classifier says 2.000" in text


def test_the_page_of_a_class_shows_every_concept_where_it_is_strongest(pages: Path) -> None:
    text = page_text(pages / PAGE)
    assert "# Three concepts of &#8220;espresso&#8221;" in text
    first, second, third = (text[text.index(f"#concept-{k}") :] for k in (1, 2, 3))
    assert first.index("../i/espresso.html") < first.index("../i/pair.html") < first.index("#concept-2")
    assert "../i/chelsea.html" in second[: second.index("#concept-3")]
    assert "It is 0 on every image" in third
    assert "1 concept is 0 on every image" in text
    assert "stability 0.900" in first
    for name in ("espresso-1-grad_cam", "espresso-1-occlusion", "chelsea-2-grad_cam"):
        assert (pages / f"x/embedded-net_a-1-espresso/{name}.png").is_file()
        assert f"{name}.png" in text
    assert "half of it in 25 % of the map" in text


def test_the_numbers_of_a_class_can_be_downloaded(pages: Path) -> None:
    table = (pages / "x/embedded-net_a-1-espresso/concepts.csv").read_text().splitlines()
    assert table[0].split(",")[:4] == ["image", "logit", "predicted", "feature_1"]
    assert table[2].startswith("espresso,2,4.65,3,0.2,0,4.5,-0.1,0")
    document = (pages / "x/embedded-net_a-1-espresso/training.json").read_text()
    assert '"seed"' in document
    assert "seconds" not in document


def test_a_training_that_was_never_accepted_says_so() -> None:
    assert attempts_text(network()).startswith("Training 2 of at most 5 was accepted")
    assert attempts_text(network((attempt(),))).startswith("The first training was accepted")
    refused = network((attempt(is_accepted=False),) * 5)
    assert attempts_text(refused).startswith("None of 5 trainings")


def test_what_was_learnt_from_is_said() -> None:
    terms = {term.name: term.value for term in training_of(network())}
    assert "the photographs of this set: 800 activations" in terms["Learnt from"]
    assert "40 views of 2 photographs never learnt from" in terms["Tested on"]
    assert terms["Encoder"] == "20 → 8 → 3"
    assert "never" not in {t.name: t.value for t in training_of(network(n_new_photos=0))}["Tested on"]


def test_measures_are_numbers_or_dashes() -> None:
    found = {one.name: one.value for one in measures_of(result())}
    assert found["Faithfulness, new views"] == "0.910"
    assert found["Faithfulness, new photographs"] == "\N{MINUS SIGN}0.200"
    assert found["Error, new photographs"] == "–"  # noqa: RUF001
    assert found["Stability"] == "0.500"
    assert found["Locality"] == "25 %"
