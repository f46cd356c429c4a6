"""What image pages say about certificates, necessity and robustness."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jinja2 import nodes

from gallery.records import Explanation, ImageResult, SearchResult
from gallery.render.pages import answer_parts, wording
from gallery.render.pages.answer_parts import NecessityView
from gallery.render.pages.drawing import Subject
from gallery.render.pages.environment import make_environment
from gallery.render.pages.necessity import build_necessity
from gallery.render.pages.output import Output
from gallery.render.pages.robustness import build_robustness
from gallery.templates import templates_folder
from tests.render.pages import synthetic

PARTS = [
    part for part in vars(answer_parts).values() if isinstance(part, type) and dataclasses.is_dataclass(part)
]
NAMES = {
    "mse": "MseView",
    "one": "DeletionView",
    "map": "PatchMap",
    "cell": "MapCell",
    "patch": "PatchRow",
    "pair": "PairRow",
}
"""Variable of the templates -> what it holds."""


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], ImageResult]:
    """Return the synthetic results by image and classifier."""
    return {(r.image.id, r.classifier[-1]): r for r in synthetic.results()}


def subject(result: ImageResult) -> Subject:
    card = next(c for c in synthetic.classifier_cards() if c.slug == result.classifier)
    return Subject(result, card, folder="i/x", prefix="")


def necessity(result: ImageResult, folder: Path) -> NecessityView:
    return build_necessity(subject(result), Output(folder / "pages", folder / "cache"))


# --- templates --------------------------------------------------------------------------------------------


def attributes(name: str) -> Iterator[tuple[str, str]]:
    """Yield (variable, attribute) of every access in a partial; ``section.x.y`` counts as (x, y)."""
    environment = make_environment(templates_folder())
    source = (templates_folder() / "partials" / name).read_text(encoding="utf-8")
    for access in environment.parse(source).find_all(nodes.Getattr):
        inner = access.node
        if isinstance(inner, nodes.Name):
            yield inner.name, access.attr
        elif isinstance(inner, nodes.Getattr):
            yield inner.attr, access.attr


def test_templates_use_exactly_the_fields_of_their_parts() -> None:
    used: dict[str, set[str]] = {}
    for name in ("_answers.j2", "_section.j2"):
        for variable, attribute in attributes(name):
            used.setdefault(variable, set()).add(attribute)
    by_name = {part.__name__: {field.name for field in dataclasses.fields(part)} for part in PARTS}
    for variable, part in NAMES.items():
        assert used[variable] == by_name[part], part
    views = by_name["NecessityView"] | by_name["RobustnessView"]
    assert used["found"] == views
    rows = by_name["SweepLine"] | by_name["BaselineRow"] | by_name["AgreementRow"]
    assert rows <= used["row"]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_documented(part: type) -> None:
    fields = dataclasses.fields(part)
    document = part.__doc__ or ""
    if "Attributes:" in document:
        assert re.findall(r"^        (\w+): ", document, re.MULTILINE) == [field.name for field in fields]
    else:
        assert len(fields) <= 5
        assert len(document) > 40


# --- certificate ------------------------------------------------------------------------------------------


def search(sizes: list[int], complete_up_to: int) -> SearchResult:
    mses = [Explanation((1 << n) - 1, 0.9, 1.0, 0.1, "subset-minimal", is_top=True) for n in sizes]
    return SearchResult(
        "exhaustive", {}, 0.9, 0.8, tuple(mses), {}, (), complete_up_to, 19_649, forwards=0, seconds=0
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([2, 3], "these are all the subset-minimal explanations of at most 3 patches"),
        ([1, 3, 5], "the first 2 are all the subset-minimal explanations of at most 3 patches"),
        ([3, 4], "the first is the only subset-minimal explanation of at most 3 patches"),
        ([4, 5], "no set of at most 3 patches is sufficient"),
        ([], "no set of at most 3 patches is sufficient"),
    ],
)
def test_a_certificate_claims_what_was_judged_and_no_more(sizes: list[int], said: str) -> None:
    text = wording.certificate(search(sizes, 3), nothing_suffices=False)
    assert text == (
        f"Certified: {said} under this mask model; 19\N{NARROW NO-BREAK SPACE}649 patch sets were scored."
    )


def test_without_a_certificate_nothing_is_claimed() -> None:
    assert wording.certificate(search([3], 0), nothing_suffices=False) == ""
    assert wording.certificate(search([], 3), nothing_suffices=True) == ""


# --- necessity --------------------------------------------------------------------------------------------


def test_a_deletion_set_is_described_by_its_numbers(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    record, view = result.necessity.deletion_sets[1], necessity(result, tmp_path).deletion_sets[1]
    assert view.hits == f"shares a patch with {record.hits} of 9 MSEs"
    assert view.size == f"{record.mask.bit_count()} of 49 patches"
    assert view.probability == f"{record.probability:.3f}"
    assert view.below == f"{result.necessity.threshold - record.probability:.3f}"
    assert view.alt.startswith(f"Chelsea the cat without {record.mask.bit_count()} of 49 patches (")
    assert (tmp_path / "pages" / view.picture).read_bytes()[8:12] == b"WEBP"


def test_the_top_class_is_lost_only_where_it_was_had(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    sets = (replace(result.necessity.deletion_sets[0], is_top=False), result.necessity.deletion_sets[1])
    result = replace(result, necessity=replace(result.necessity, deletion_sets=sets))
    verdicts = [one.verdict for one in necessity(result, tmp_path).deletion_sets]
    assert verdicts == ["no longer the most probable class", "still the most probable class"]
    other = replace(result, prediction=replace(result.prediction, target=5))
    assert necessity(other, tmp_path).deletion_sets[0].verdict == "not the most probable class"


def test_the_theory_is_stated_only_where_it_follows(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    assert "here not all do" in necessity(result, tmp_path).theory
    sets = tuple(replace(one, hits=9) for one in result.necessity.deletion_sets)
    orderly = replace(result, necessity=replace(result.necessity, deletion_sets=sets))
    assert necessity(orderly, tmp_path).theory.endswith("here all do.")
    # Above the search's threshold, what an MSE leaves may be broken by definition.
    strict = replace(result, necessity=replace(result.necessity, threshold=result.search.threshold + 0.01))
    assert necessity(strict, tmp_path).theory == ""
    assert necessity(results["espresso", "a"], tmp_path).theory == ""


def test_the_map_shows_the_share_of_explanations(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    shown = necessity(result, tmp_path).map
    assert shown is not None
    kept = [p for p in result.necessity.participation.tolist() if p > 0]
    assert [cell.text for cell in shown.cells] == [f"{100 * p:.0f}" for p in kept]
    assert shown.view == (448, 448)
    assert f"Map of the {len(kept)} patches" in shown.alt


def test_without_explanations_there_is_no_map_and_no_share(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    view = necessity(results["espresso", "a"], tmp_path)
    assert view.map is None
    assert {row.participation for row in view.patches} == {"–"}  # noqa: RUF001
    assert {one.hits for one in view.deletion_sets} == {""}
    assert "give the highest probability alone" in view.pairs_of


def test_interactions_have_a_sign_and_a_meaning(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    values = (0.25, -0.125, 0.0002)
    pairs = tuple(replace(result.necessity.interactions[0], value=value) for value in values)
    result = replace(result, necessity=replace(result.necessity, interactions=pairs))
    rows = necessity(result, tmp_path).pairs
    assert [row.value for row in rows] == ["+0.250", "\N{MINUS SIGN}0.125", "0.000"]
    assert [row.meaning.split()[0] for row in rows] == ["more", "less", "as"]


def test_superpixels_are_mapped_by_their_borders(
    results: dict[tuple[str, str], ImageResult], tmp_path: Path
) -> None:
    result = results["chelsea", "a"]
    segments = (np.arange(224) // 56)[None, :].repeat(224, axis=0).astype(np.int16)  # four columns
    inputs = replace(result.inputs, segments=segments)
    model = replace(result.mask_model, partition="slic", n_segments=4)
    mses = (replace(result.search.mses[0], mask=0b0010),)
    shares = np.array([0, 1, 0, 0], np.float32)
    found = replace(
        result.necessity,
        deletion_sets=(replace(result.necessity.deletion_sets[0], mask=0b0110),),
        participation=shares,
        alone=shares,
        without=shares,
        interactions=(),
    )
    search = replace(result.search, mses=mses)
    result = replace(result, inputs=inputs, mask_model=model, search=search, necessity=found)
    view = necessity(result, tmp_path)
    assert view.map is not None
    (cell,) = view.map.cells
    assert set(re.findall(r"\d+", cell.path)) == {"0", "56", "112", "224"}
    assert 56 < float(cell.x) < 112
    assert view.map.view == (224, 224)
    assert view.deletion_sets[0].size == "2 of 4 patches"


# --- robustness -------------------------------------------------------------------------------------------


def test_the_sweep_marks_the_searchs_own_threshold(results: dict[tuple[str, str], ImageResult]) -> None:
    view = build_robustness(subject(results["chelsea", "a"]))
    assert view.own == "0.9"
    assert [row.threshold for row in view.sweep if row.is_own] == ["0.9"]
    assert "svg" in view.chart


def test_survivors_of_every_baseline_are_counted(results: dict[tuple[str, str], ImageResult]) -> None:
    result = results["chelsea", "b"]
    threshold = result.search.threshold
    high, low = threshold + 0.01, threshold - 0.01
    tests = [
        replace(test, probabilities=p, n_sufficient=sum(x == high for x in p))
        for test, p in zip(result.robustness.cross_tests, ((high, high, low), (low, high, high)), strict=True)
    ]
    result = replace(
        result,
        search=replace(result.search, mses=result.search.mses[:3]),
        robustness=replace(result.robustness, cross_tests=tuple(tests)),
    )
    view = build_robustness(subject(result))
    assert view.verdict == (
        "Still sufficient, of 3 MSEs: 2 with the black baseline, 2 with the mean baseline, "
        "1 with every one of these."
    )
    assert [(row.baseline, row.is_own, row.sufficient) for row in view.baselines] == [
        ("blur", True, "3 of 3"), ("black", False, "2 of 3"), ("mean", False, "2 of 3")
    ]  # fmt: skip


def test_without_explanations_only_the_sweep_is_left(results: dict[tuple[str, str], ImageResult]) -> None:
    view = build_robustness(subject(results["espresso", "b"]))
    assert (view.chart, view.verdict, view.baselines, view.agreements) == ("", "", (), ())
    assert [row.smallest for row in view.sweep] == ["–"] * 6  # noqa: RUF001


# --- pages ------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_records_say(built: Path) -> None:
    text = synthetic.page_text(built / "pages/i/chelsea.md")
    first, second = text.split("## Net B", 1)
    assert "Certified" not in first
    assert "Certified: the first 4 are all the subset-minimal explanations of at most 3 patches" in second
    assert first.count("is not the most probable class.") == 1  # the last MSE of the synthetic set
    assert first.count('class="eg-badge">smallest') == 0
    assert second.count('class="eg-badge">smallest') == 4
    for anchor in ("necessary", "robust"):
        assert f"{{ #{anchor} }}" in first
        assert f"{{ #embedded-net_b-{anchor} }}" in second
    assert "The search again with one thing changed" in first
    assert "The search again with one thing changed" not in second
    assert 'href="../explanations.html"' in first


def test_every_picture_of_a_deletion_set_is_written(built: Path) -> None:
    text = synthetic.page_text(built / "pages/i/espresso.md")
    pictures = set(re.findall(r'src="\.\./(i/espresso/[\w-]+/removed-\d+\.webp)"', text))
    assert len(pictures) == 8
    assert all((built / "pages" / name).is_file() for name in pictures)


def test_superpixels_are_not_said_to_have_rows(results: dict[tuple[str, str], ImageResult]) -> None:
    model = results["chelsea", "a"].mask_model
    assert "(row, column)" in wording.naming(model)
    assert "row" not in wording.naming(replace(model, partition="slic"))
