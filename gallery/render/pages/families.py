"""Measures in families: what is measured in a like way stands in one table."""

from collections.abc import Sequence
from dataclasses import dataclass

from gallery.records import MeasureCard


@dataclass(frozen=True)
class Family:
    """Measures of one kind.

    Attributes:
        slug: In addresses and file names.
        title: As printed.
        measures: In the set's order.
    """

    slug: str
    title: str
    measures: tuple[MeasureCard, ...]


_FAMILIES = (
    (
        "removal",
        "Removing and adding pixels",
        ("deletion", "insertion", "igos_deletion", "igos_insertion", "road"),
    ),
    ("confidence", "Confidence under the map", ("average_drop", "increase_in_confidence", "percentage")),
    (
        "localisation",
        "Finding the object",
        ("grid_pointing_game", "pointing_game", "energy_pointing_game"),
    ),
    (
        "soundness",
        "Faithfulness, stability and form",
        ("infidelity", "max_sensitivity", "randomisation", "sparseness"),
    ),
)
_OTHERS = ("other", "Other measures")


def families(measures: Sequence[MeasureCard]) -> tuple[Family, ...]:
    """Return the measures by family; those of no known family come last, together."""
    known = {name: (slug, title) for slug, title, names in _FAMILIES for name in names}
    order = [*((slug, title) for slug, title, _ in _FAMILIES), _OTHERS]
    found = {key: tuple(card for card in measures if known.get(card.name, _OTHERS) == key) for key in order}
    return tuple(Family(slug, title, cards) for (slug, title), cards in found.items() if cards)
