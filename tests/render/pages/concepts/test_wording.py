"""What pages about learned concepts say in words."""

from dataclasses import replace

from gallery.render.pages.concepts.wording import attempts_text, measures_of, reach_text, training_of
from tests.render.pages.synthetic_concepts import attempt, network, result


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


def test_how_far_concepts_reach_is_said() -> None:
    found = reach_text(network())
    assert found.startswith("The network has seen 1 photograph of the class and crops of it.")
    assert "2 photographs it has never seen, R² is \N{MINUS SIGN}0.200: read the concepts as" in found
    assert reach_text(network(n_new_photos=0)).endswith("was not tested.")
    faithful = replace(network(), quality=replace(network().quality, r2_photos=0.8))
    assert reach_text(faithful).endswith("R² is 0.800.")
