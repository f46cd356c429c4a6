"""Measures in families."""

from gallery.measure._base import MEASURES
from gallery.records import MeasureCard
from gallery.render.pages.families import families


def cards(*names: str) -> list[MeasureCard]:
    return [MeasureCard(name, name, "", "", "", "lower") for name in names]


def test_every_measure_of_ours_belongs_to_a_family() -> None:
    found = families(cards(*MEASURES.names()))
    assert "other" not in {family.slug for family in found}
    assert sorted(card.name for family in found for card in family.measures) == sorted(MEASURES.names())


def test_unknown_measures_come_last_and_empty_families_not_at_all() -> None:
    found = families(cards("new", "road", "deletion"))
    assert [(family.slug, [card.name for card in family.measures]) for family in found] == [
        ("removal", ["road", "deletion"]),
        ("other", ["new"]),
    ]
    assert families([]) == ()
