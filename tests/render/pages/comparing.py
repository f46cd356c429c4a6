"""A set with many images and planted differences between methods, as summaries: nothing is drawn.

With ``quality`` q and better = "higher", values of a method are about q larger than those of a method with
quality 0; every image is as hard for all methods.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gallery.records import Catalogue, Heatmap, MeasureCard, Measurement, MethodCard
from gallery.render.pages.environment import make_environment, render_pieces
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card
from gallery.render.pages.set_pages import set_pages
from gallery.render.pages.summary import SetSummary, Summary, summarise
from gallery.templates import templates_folder
from tests.render.pages import synthetic

TITLE = "50 % & more_or_less #1 {a} \\b ~c ^d $e$ <i>f</i>"
"""Of a method from outside."""
NO_OBJECT, NOT_AGAIN = "the image has no marked object", "the map cannot be made again"
QUALITY = {"igos_plus_plus": 0.30, "igos": 0.299, "grad_cam": 0.15, "rise": 0.1, "from_outside": 0.0}


def method_cards() -> tuple[MethodCard, ...]:
    """Return five methods, one with a hostile title."""
    titles = {"igos_plus_plus": "iGOS++", "igos": "I-GOS", "grad_cam": "Grad-CAM", "rise": "RISE"}
    return tuple(
        MethodCard(name, titles.get(name, TITLE), "Someone, 2020", "An idea.", {"steps": 20})
        for name in QUALITY
    )


def measure_cards() -> tuple[MeasureCard, ...]:
    """Return measures of several families."""
    directions = {
        "insertion": "higher", "deletion": "lower", "infidelity": "lower", "increase_in_confidence": "higher",
        "pointing_game": "higher", "grid_pointing_game": "higher", "brand_new": "higher",
    }  # fmt: skip
    return tuple(
        MeasureCard(
            name, name.replace("_", " ").capitalize(), "Someone, 2020", "A definition.", "unit & more",
            "higher" if better == "higher" else "lower",
        )
        for name, better in directions.items()
    )  # fmt: skip


def values_of(measure: MeasureCard, rng: np.random.Generator) -> dict[str, tuple[float | None, str]]:
    """Return value and note of every method on one image."""
    sign = 1 if measure.better == "higher" else -1
    hard = rng.normal(0, 0.05)
    found: dict[str, tuple[float | None, str]] = {}
    for name, quality in QUALITY.items():
        value = 0.5 + hard + sign * quality + rng.normal(0, 0.02)
        found[name] = (float(value), "")
        if measure.name == "infidelity":
            found[name] = (None, NOT_AGAIN) if name == "rise" else (1e-5 * float(value), "")
        if measure.name == "increase_in_confidence":
            found[name] = (float(value > 0.6), "")
    return found


def measurements(image: int, rng: np.random.Generator) -> dict[str, dict[str, Measurement]]:
    """Return all measurements of one image; the object is marked on every third only, none is a composite."""
    taken: dict[str, dict[str, Measurement]] = {name: {} for name in QUALITY}
    for card in measure_cards():
        for name, (value, note) in values_of(card, rng).items():
            if card.name == "grid_pointing_game" or (card.name == "pointing_game" and image % 3):
                value, note = None, NO_OBJECT
            taken[name][card.name] = Measurement(card.name, name, value, None, None, 1, 0.1, note)
    return taken


def _heatmap(name: str, rng: np.random.Generator) -> Heatmap:
    native = rng.random((7, 7), dtype=np.float32)
    return Heatmap(name, np.kron(native, np.ones((4, 4), np.float32)), native, {}, None, None, 12, 3, 0.1)


def _card(image: int) -> Card:
    name = f"image{image}"
    return Card(
        link=f"i/{name}.html", image_id=name, title=f"Image {image}", photo="p.webp", photo_size=(4, 4),
        second="", second_alt="", second_size=(0, 0), heat=None, caption="", predicted="cat", p_predicted=0.9,
        classifier="embedded-net_a", classifier_title="Net A", n_mses=1, label=None, is_right=None,
        is_composite=False, heats={},
    )  # fmt: skip


def summary_of(n_images: int, methods: Sequence[MethodCard] | None = None) -> SetSummary:
    """Return the summary of a set of so many images under one classifier."""
    base = next(synthetic.results())
    summaries: list[Summary] = []
    for image in range(n_images):
        rng = np.random.default_rng(image)
        result = replace(
            base,
            image=replace(base.image, id=f"image{image}"),
            heatmaps={name: _heatmap(name, rng) for name in QUALITY},
            measurements=measurements(image, rng),
        )
        summaries.append(summarise(result, _card(image)))
    catalogue = Catalogue(
        synthetic.classifier_cards()[:1],
        tuple(methods or method_cards()),
        (synthetic.SEARCH,),
        measure_cards(),
        {"numpy": "2.0"},
        "cpu",
    )
    settings = synthetic.settings(classifiers=["embedded:net_a"], methods="all")
    return SetSummary(summaries, catalogue, settings, ())


def write_pages(found: SetSummary, folder: Path) -> Path:
    """Write all pages about the set and return their folder."""
    environment = make_environment(templates_folder())
    with Output(folder / "pages", folder / "cache") as output:
        for path, page in set_pages(found, output):
            output.write_all(path, render_pieces(environment, page))
        output.finish()
    return folder / "pages"
