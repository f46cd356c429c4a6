"""What the index can be filtered and sorted by follows from the numbers."""

from dataclasses import replace

import pytest

from gallery.render.pages.facets import SORTS, facets_of, leads, n_diverse, sort_keys, values_of
from gallery.render.pages.parts import Card
from gallery.render.pages.summary import SetSummary, Summary, summarise
from gallery.survey.agreement import ImageAgreement
from tests.render.pages import synthetic


def _card(image_id: str, classifier: str, label: str | None, predicted: str, p: float, n_mses: int) -> Card:
    is_right = None if label is None else label == predicted
    return Card(
        link=f"i/{image_id}.html", image_id=image_id, title=f"Title of {image_id}", photo="p.webp",
        photo_size=(1, 1), second="", second_alt="", second_size=(0, 0), heat=None, caption="",
        predicted=predicted, p_predicted=p, classifier=classifier, classifier_title="", n_mses=n_mses,
        label=label, is_right=is_right, is_composite=image_id == "pair", heats={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def summaries() -> list[Summary]:
    """Return the summaries of the synthetic set."""
    return [
        summarise(
            result,
            _card(
                result.image.id,
                result.classifier,
                result.image.label,
                result.prediction.top[0].name,
                result.prediction.top[0].probability,
                len(result.search.mses),
            ),
        )
        for result in synthetic.results()
    ]


def _set(summaries: list[Summary]) -> SetSummary:
    return SetSummary(summaries, synthetic.catalogue(), synthetic.settings(), ())


def _agreeing(summary: Summary, mean: float | None) -> Summary:
    return replace(summary, agreement=ImageAgreement(("a", "b"), (mean,), ()))


def test_values_name_what_the_image_is(summaries: list[Summary]) -> None:
    by_id = {(one.card.image_id, one.card.classifier): values_of(one, 1) for one in summaries}
    cat, cup, pair = (by_id[name, "embedded-net_a"] for name in ("chelsea", "espresso", "pair"))
    assert (cat["verdict"], cup["verdict"], pair["verdict"]) == ("right", "wrong", "unknown")
    assert (cat["kind"], pair["kind"]) == ("photograph", "composite")
    assert (cat["smallest"], cup["smallest"]) == ("4", "0")
    assert (cat["diverse"], cup["diverse"]) == ("1", "0")


@pytest.mark.parametrize(
    ("mean", "value"),
    [(None, ""), (-1.0, "low"), (0.199, "low"), (0.2, "middle"), (0.499, "middle"), (0.5, "high")],
)
def test_agreement_falls_into_three_ranges(summaries: list[Summary], mean: float | None, value: str) -> None:
    assert values_of(_agreeing(summaries[0], mean), 1)["agreement"] == value


@pytest.mark.parametrize(("size", "value"), [(1, "1"), (4, "4"), (5, "5"), (8, "5"), (9, "9"), (40, "9")])
def test_large_sets_are_grouped(summaries: list[Summary], size: int, value: str) -> None:
    facts = summaries[0].facts
    changed = replace(facts, mses=(replace(facts.mses[0], mask=(1 << size) - 1),))
    assert values_of(replace(summaries[0], facts=changed), 1)["smallest"] == value


def test_only_facets_that_tell_images_apart_are_offered(summaries: list[Summary]) -> None:
    values = [values_of(one, 1) for one in summaries]
    titles = {"embedded-net_a": "Net A", "embedded-net_b": "Net B"}
    facets = {facet.name: facet for facet in facets_of(values, titles, 1)}
    assert [choice.value for choice in facets["verdict"].choices] == ["right", "wrong", "unknown"]
    assert [choice.title for choice in facets["classifier"].choices] == ["Net A", "Net B"]
    assert facets_of([values[0]] * 3, titles, 1) == []
    for facet in facets.values():
        assert {choice.value for choice in facet.choices} <= {one[facet.name] for one in values}


def test_there_is_a_key_for_every_way_to_sort(summaries: list[Summary]) -> None:
    for summary in summaries:
        assert len(sort_keys(summary).split()) == len(SORTS)
    cup = next(one for one in summaries if one.card.image_id == "espresso")
    agreement, explanations, patches, error = sort_keys(cup).split()
    assert float(agreement) == pytest.approx(cup.agreement.mean, abs=1e-4)
    assert (explanations, patches) == ("-", "-")
    assert float(error) == pytest.approx(-cup.card.p_predicted, abs=1e-6)
    cat = summaries[0]
    assert sort_keys(cat).split()[1:] == [f"-{len(cat.facts.mses)}", "4", "-"]


def test_the_surest_error_leads_and_every_lead_is_of_another_image(summaries: list[Summary]) -> None:
    found = leads(_set(summaries))
    assert found[0].card.image_id == "espresso"
    assert found[0].card.classifier == "embedded-net_b"
    assert found[0].reason == "Predicted espresso with p = 0.892; labelled cup."
    assert len({lead.card.image_id for lead in found}) == len(found) == 3


def test_the_images_whose_methods_disagree_most_follows_with_the_numbers(summaries: list[Summary]) -> None:
    right = [one for one in summaries if one.card.image_id != "espresso"]
    third = [replace(one, card=replace(one.card, image_id="third", title="Third")) for one in right[:1]]
    given = [
        _agreeing(one, mean) for one, mean in zip([*right, *third], (0.5, 0.5, 0.5, 0.5, -0.25), strict=True)
    ]
    first = leads(_set(given))[0]
    assert (first.title, first.card.title) == ("Methods disagree most", "Third")
    assert first.reason == "Mean rank correlation of 2 heatmaps is \N{MINUS SIGN}0.25; 0.35 over the set."


def test_two_images_have_no_surprises(summaries: list[Summary]) -> None:
    assert leads(_set([one for one in summaries if one.card.image_id != "pair"])) == ()


def test_as_many_are_different_as_the_selection_found(summaries: list[Summary]) -> None:
    assert n_diverse(summaries[0], 2) == len(summaries[0].facts.diverse[2])
    assert n_diverse(summaries[0], 7) == 0
