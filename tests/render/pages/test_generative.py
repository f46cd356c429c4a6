"""Pages about autoencoders: what they say follows from the numbers, and the site stays sound."""

import dataclasses
import json
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gallery.publish.build import publish
from gallery.records import GenerativeResults, SeedInterval
from gallery.render.pages.generative.wording import (
    difference_text,
    limits,
    made_with,
    map_alt,
    picture_alt,
    share_of_paper,
    verdict,
)
from gallery.render.pages.set_pages import count_set_pages
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic
from tests.render.pages.synthetic import HOSTILE, folder_bytes, page_text
from tests.render.pages.synthetic_generative import (
    anomalies,
    disentanglement,
    example,
    generative,
)


def render(built: Path, folder: Path, results: GenerativeResults) -> Path:
    """Render the synthetic set with autoencoders; what was drawn for it without is used again."""
    shutil.copytree(built / "cache", folder / "cache")
    render_site(
        synthetic.results(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=synthetic.failures(),
        out=folder / "pages",
        cache=folder / "cache",
        generative=results,
    )
    return folder / "pages"


@pytest.fixture(scope="module")
def pages(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages of the synthetic set with autoencoders whose names try to break out."""
    return render(built, tmp_path_factory.mktemp("generative"), generative(HOSTILE))


def test_only_lists_of_pages_change(built: Path, pages: Path) -> None:
    without, having = folder_bytes(built / "pages"), folder_bytes(pages)
    changed = {name for name in having if without.get(name) != having[name]}
    new = {name for name in changed if name not in without}
    assert changed - new == {"methods.md", "results.md", "about.md", "results/digests.csv"}
    assert {name for name in new if name.endswith(".md")} == {
        "g/brick.md", "g/brick-latents.md", "g/digit.md", "g/digit-latents.md", "g/sprites-latents.md",
        "g/results.md",
    }  # fmt: skip
    assert all(name.startswith("g/") for name in new)


def test_progress_knows_how_many_pages_there_will_be(built: Path, pages: Path) -> None:
    for folder, results in ((built / "pages", GenerativeResults()), (pages, generative(HOSTILE))):
        about_images = len(list(folder.glob("i/*.md")))
        about_the_set = len(list(folder.rglob("*.md"))) - about_images
        assert about_the_set == count_set_pages(synthetic.catalogue(), (), results)


def test_the_site_with_hostile_names_is_sound(pages: Path) -> None:
    site = pages.parent / "site"
    publish(pages, site, synthetic.settings())
    for name in ("brick", "brick-latents", "digit", "sprites-latents", "results"):
        text = (site / "g" / f"{name}.html").read_text()
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in (site / "g/brick.html").read_text()


def test_scores_stand_in_tables_with_the_highest_in_bold(pages: Path) -> None:
    text = page_text(pages / "g/brick.md")
    table = text[text.index("Scores of every method") :].split("</table>")[0]
    rows = table.split("<tr>")[2:]
    assert ["eg-best" in row for row in rows] == [False, False, True]
    assert ">0.900<" in rows[2]
    assert "baseline" in rows[2]
    assert table.count("<td") - table.count("<td></td>") == 3 * 4
    without_masks = page_text(pages / "g/digit.md")
    assert "Optimistic IoU" not in without_masks
    assert "Image AUROC" in without_masks


def test_every_map_of_a_method_is_on_one_scale(pages: Path) -> None:
    for i, place in enumerate((1, 2, 1, 2, 1, 2)):
        content = (pages / f"g/brick/{i}-released_code.png").read_bytes()
        levels = np.asarray(Image.open(BytesIO(content)))
        assert levels[0, 0] == round(0.5 / 2.0 * 255)
        assert levels[5, 5] == round(place / 2.0 * 255)
    text = page_text(pages / "g/brick.md")
    assert text.count('aria-label="Colour bar from 0 to 2.00"') == 6 * 3
    assert [(pages / f"g/brick/{i}-mask.svg").is_file() for i in range(6)] == [False] * 2 + [True] * 4
    assert text.count("2-mask.svg") == 1 + 3  # on the picture and on every map


def test_latents_stand_in_a_table_with_their_numbers(pages: Path) -> None:
    text = page_text(pages / "g/sprites-latents.md")
    rows = text[text.index("<tbody>") :].split("<tr>")[1:]
    assert [row.partition("</th>")[0].rpartition(">")[2] for row in rows] == ["Latent 2", "Latent 0"]
    assert "<td>0.125</td><td>\N{MINUS SIGN}0.500</td><td>0.250</td>" in rows[0]
    assert "a pixel changes by 0.125 on average" in rows[0]
    assert "zero everywhere" in rows[1]
    assert "2 of 3 latents" in text.lower()
    with Image.open(pages / "g/sprites/latents-0-2.webp") as strip:
        assert strip.size == (5 * 16 + 4 * 2, 16)
    assert "How this was made" in text


def test_results_stand_beside_what_others_report(pages: Path) -> None:
    text = page_text(pages / "g/results.md")
    assert "it includes zero, so these runs show no difference" in text
    assert "1 % of the 300\N{NARROW NO-BREAK SPACE}000 steps of the paper" in text
    assert "0.854 ± 0.005" in text
    assert "because we could not obtain them" in text
    assert "attention did worse" in text.lower()
    rows = text[text.index("Pixel AUROC; higher") :].split("</table>")[0].split("<tr>")[2:]
    assert len(rows) == 1
    assert rows[0].count("eg-best") == 1


def test_numbers_can_be_downloaded(pages: Path) -> None:
    table = (pages / "g/digit/scores.csv").read_text().splitlines()
    assert table[0] == "method,measure,kind,value"
    assert "normal_difference,image_auroc,,0.8" in table
    assert not any("pixel" in line for line in table)
    document = json.loads((pages / "g/brick/scores.json").read_text())
    assert document["scores"][2]["pixel_auroc"] == 0.9
    assert document["checkpoint_sha256"] == "a" * 64
    runs = json.loads((pages / "g/disentanglement-1.json").read_text())
    assert runs["share_of_the_papers_steps"] == 0.01
    assert len((pages / "g/disentanglement-1.csv").read_text().splitlines()) == 1 + 4
    latents = (pages / "g/sprites/latents.csv").read_text().splitlines()
    assert latents[1] == "tile 4: good,2,0.125,-0.5,0.25,0.375"


def test_digests_of_checkpoints_are_listed(pages: Path) -> None:
    text = page_text(pages / "about.md")
    assert "digit.safetensors" in text
    assert "a" * 64 in text


def test_it_is_said_where_reconstruction_beats_attention() -> None:
    (behind, everywhere) = verdict(anomalies(0.6, 0.7, 0.9))
    assert "pixel AUROC 0.900 against 0.700 at best (Released code)" in behind
    assert "IoU 0.450 against 0.350" in behind
    assert everywhere == "It is ahead for every kind of defect."
    (*_, below) = verdict(anomalies(0.3, 0.6, 0.9))
    assert below.startswith("Below 0.5, worse than chance: Normal difference (pixel AUROC, image AUROC).")
    (ahead, kinds) = verdict(anomalies(0.8, 0.7, 0.6))
    assert ahead.startswith("Reconstruction error does not beat attention: pixel AUROC 0.600 against 0.800")
    assert kinds.endswith("for cut, spot (pixel AUROC); cut, spot (image AUROC).")
    mixed = anomalies(0.6, 0.7, 0.9)
    better = dataclasses.replace(mixed.scores[1], image_by_kind={"cut": 0.95, "spot": 0.1})
    (_, kinds) = verdict(dataclasses.replace(mixed, scores=(mixed.scores[0], better, mixed.scores[2])))
    assert kinds.endswith("for cut (image AUROC).")


def test_alternative_texts_are_made_of_the_numbers() -> None:
    one = example("cut", 1)
    values = one.maps["released_code"]
    assert "its mean inside the defect is 2.00 times that outside" in map_alt("Released code", one, values)
    assert "6.2 % of the pixels, its middle is 38 % from the left" in picture_alt(one)
    normal = example("good", 1)
    assert "mean 0.531" in map_alt("Released code", normal, values)
    assert "defect" not in picture_alt(normal)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.05, "better in these runs"), (-0.05, -0.01, "worse"), (-0.01, 0.05, "includes zero")],
)
def test_a_difference_is_called_one_only_if_its_interval_says_so(low: float, high: float, said: str) -> None:
    assert said in difference_text(disentanglement(low, high))


def test_one_seed_concludes_nothing() -> None:
    alone = dataclasses.replace(disentanglement(0.1, 0.2), difference=SeedInterval(0.15, None, None))
    assert "nothing can be concluded" in difference_text(alone)
    assert limits(alone.difference) == "one seed, no interval"


def test_what_made_results_is_said_once_and_differences_apart() -> None:
    terms = {term.name: term.value for term in made_with(disentanglement(0, 1))}
    assert terms["Both families"] == "batch 64, gamma 40.0"
    assert terms["AD-FactorVAE"] == "attention 1.0"
    assert share_of_paper(disentanglement(0, 1)).startswith("3\N{NARROW NO-BREAK SPACE}000 steps")
