"""How many explanations an image has: known sets, images without explanations, certificates."""

from dataclasses import replace

import pytest

from gallery.errors import SurveyError
from gallery.survey.bootstrap import Interval
from gallery.survey.explanations import Bin, ImageFacts, facts_of, largest_size, survey
from tests.survey.made import mse, result


def facts(image_id: str, *sizes: int, complete_up_to: int = 0) -> ImageFacts:
    """Return the facts of an image with MSEs of these sizes; the first is the only one at overlap 0."""
    made = facts_of(result(image_id=image_id, mses=[mse(*range(size)) for size in sizes]))
    return replace(made, complete_up_to=complete_up_to)


def test_facts_are_taken_from_the_result() -> None:
    made = result(mses=[mse(0, p=0.76), mse(1, 2)], title="T")
    found = facts_of(made)
    assert (found.image_id, found.title, found.classifier, found.class_name) == ("cat", "T", "toy", "tabby")
    assert (found.p_full, found.threshold, found.n_cells, found.complete_up_to) == (0.8, 0.72, 6, 2)
    assert found.mses == made.search.mses
    assert (found.sizes, found.smallest) == ((1, 2), 1)
    assert (found.n_diverse(0), found.n_diverse(1)) == (1, 2)
    assert not found.stopped_early


@pytest.mark.parametrize(("label", "is_right"), [("tabby", True), ("lynx", False), (None, None)])
def test_right_means_that_the_top_class_is_the_label(label: str | None, is_right: bool | None) -> None:
    assert facts_of(result(label=label)).is_right is is_right


def test_the_curve_counts_images_without_explanation_in_the_denominator() -> None:
    found = survey([facts("a", 2, 4), facts("b", 3), facts("c"), facts("d", 2)])
    assert [(p.n_patches, p.n_images, p.share.value) for p in found.curve] == [
        (1, 0, 0.0), (2, 2, 0.5), (3, 3, 0.75), (4, 3, 0.75),
    ]  # fmt: skip
    assert {point.share.n for point in found.curve} == {4}
    assert (found.n_images, found.n_explained, found.explained.value) == (4, 3, 0.75)


def test_distributions_count_every_number_between() -> None:
    found = survey([facts("a", 2, 4), facts("b", 2), facts("c")])
    assert found.sizes.bins == (Bin(2, 2), Bin(3, 0), Bin(4, 1))
    assert found.sizes.mean.value == pytest.approx(8 / 3)
    assert found.smallest.bins == (Bin(2, 2),)
    assert found.smallest.mean == Interval(2.0, None, None, 2)
    assert found.n_mses.bins == (Bin(0, 1), Bin(1, 1), Bin(2, 1))
    assert found.n_mses.mean.value == 1.0
    assert found.n_diverse[0].bins == (Bin(0, 1), Bin(1, 2))
    assert found.n_diverse[1].mean.value == 1.0
    assert found.n_diverse[0].mean.n == 3


def test_mean_size_is_of_explanations_but_varies_by_image() -> None:
    sizes = survey([facts("a", 1, 1, 1), facts("b", 5)]).sizes.mean
    assert sizes.value == 2.0
    assert sizes.n == 2
    assert (sizes.low, sizes.high) == (1.0, 5.0)


def test_a_share_is_exact_where_every_unexplained_image_is_certified() -> None:
    found = survey([facts("a", 4, complete_up_to=2), facts("b", 1, complete_up_to=0)])
    assert [point.is_exact for point in found.curve] == [True, True, False, True]
    assert found.complete_up_to == 0


def test_an_explanation_without_patches_begins_the_curve_at_zero() -> None:
    found = survey([facts("a", 0), facts("b", 1)])
    assert [(p.n_patches, p.n_images) for p in found.curve] == [(0, 1), (1, 2)]


def test_several_classifiers_can_share_an_axis() -> None:
    some = [facts("a", 2), facts("b", 3)]
    assert largest_size(some) == 3
    assert [point.n_images for point in survey(some, up_to=5).curve] == [0, 1, 2, 2, 2]
    with pytest.raises(SurveyError, match="up_to is 2"):
        survey(some, up_to=2)


def test_no_image_at_all() -> None:
    found = survey([])
    assert (found.classifier, found.n_images, found.curve, found.n_diverse) == ("", 0, (), {})
    assert found.explained == found.n_mses.mean == found.sizes.mean == Interval(None, None, None, 0)


def test_images_without_any_explanation() -> None:
    found = survey([facts("a"), facts("b")])
    assert [(p.n_patches, p.n_images) for p in found.curve] == [(1, 0)]
    explained = found.explained
    assert (explained.value, explained.low, explained.high) == pytest.approx((0, 0, 1 - 0.025**0.5))
    assert found.sizes.bins == found.smallest.bins == ()
    assert found.sizes.mean.value is None


def test_notes_are_counted() -> None:
    stopped = replace(facts("a", 1), note="Stopped after 1200 scored patch sets.")
    assert survey([stopped, facts("b")]).n_stopped == 1


def test_the_same_facts_give_the_same_survey() -> None:
    some = [facts("a", 2, 4), facts("b", 3), facts("c"), facts("d", 2)]
    assert survey(some) == survey(list(some))


def test_what_cannot_be_summarised_together_is_refused() -> None:
    with pytest.raises(SurveyError, match="a \\(toy\\) is listed twice"):
        survey([facts("a"), facts("a")])
    with pytest.raises(SurveyError, match="toy, other are mixed"):
        survey([facts("a"), replace(facts("b"), classifier="other")])
    with pytest.raises(SurveyError, match="no diverse selection for overlap 1"):
        survey([facts("a", 1), replace(facts("b", 1), diverse={0: (0,)})])
