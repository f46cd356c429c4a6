"""What the index can be filtered and sorted by, and the cases it leads with; all from the stored numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from gallery.render.pages import wording
from gallery.render.pages.parts import Choice
from gallery.render.pages.set_parts import Facet, Lead
from gallery.render.pages.summary import SetSummary, Summary

LOW, HIGH = 0.2, 0.5
"""Mean rank correlation between the heatmaps of an image below which they disagree, from which they agree."""
SORTS = (
    Choice("disagree", "methods disagree most"),
    Choice("explanations", "most explanations"),
    Choice("patches", "fewest patches suffice"),
    Choice("error", "most confident error"),
)
"""Ways to sort, in the order of ``sort_keys``."""
_MOST_LEADS = 3
_FEWEST_IMAGES = 3  # below, nothing stands out
_AGREEMENTS = {
    "low": f"low: below {LOW:g}",
    "middle": f"middling: {LOW:g} to {HIGH:g}",
    "high": f"high: {HIGH:g} or more",
}
_COUNTS = {"0": "none found", "1": "1", "2": "2", "3": "3", "4": "4 or more"}
_SIZES = {**{str(n): str(n) for n in range(1, 5)}, "5": "5 to 8", "9": "9 or more", "0": "none found"}
_VERDICTS = {"right": "right", "wrong": "wrong", "unknown": "no label"}
_KINDS = {"photograph": "photographs", "composite": "composites"}


def values_of(summary: Summary, overlap: int) -> dict[str, str]:
    """Return name of the facet -> value of one result; both stand in addresses."""
    card, facts = summary.card, summary.facts
    smallest = facts.smallest or 0
    return {
        "class": card.predicted,
        "classifier": card.classifier,
        "verdict": "unknown" if card.is_right is None else "right" if card.is_right else "wrong",
        "agreement": _agreement(summary.agreement.mean),
        "diverse": str(min(4, n_diverse(summary, overlap))),
        "smallest": str(smallest if smallest < 5 else 5 if smallest < 9 else 9),
        "kind": "composite" if card.is_composite else "photograph",
    }


def n_diverse(summary: Summary, overlap: int) -> int:
    """Return how many MSEs of the result pairwise share at most ``overlap`` patches, as far as computed."""
    return len(summary.facts.diverse.get(overlap, ()))


def _agreement(mean: float | None) -> str:
    return "" if mean is None else "low" if mean < LOW else "middle" if mean < HIGH else "high"


def facets_of(values: Iterable[Mapping[str, str]], titles: Mapping[str, str], overlap: int) -> list[Facet]:
    """Return the facets that tell the results of a set apart.

    Args:
        values: What ``values_of`` returned for every result.
        titles: Slug of a classifier -> title.
        overlap: Patches that two diverse explanations may share.
    """
    present: dict[str, set[str]] = {}
    for one in values:
        for name, value in one.items():
            present.setdefault(name, set()).add(value)
    known = {
        "class": ("Class", {name: name for name in sorted(present.get("class", ()))}),
        "classifier": ("Classifier", titles),
        "verdict": ("Prediction", _VERDICTS),
        "agreement": ("Agreement of the heatmaps", _AGREEMENTS),
        "diverse": (f"Explanations sharing at most {wording.count(overlap, 'patch', 'patches')}", _COUNTS),
        "smallest": ("Patches that suffice", _SIZES),
        "kind": ("Pictures", _KINDS),
    }
    found = []
    for name, (title, texts) in known.items():
        choices = tuple(
            Choice(value, text) for value, text in texts.items() if value in present.get(name, ())
        )
        if len(choices) > 1:
            found.append(Facet(name, title, choices))
    return found


def sort_keys(summary: Summary) -> str:
    """Return one number for every way to sort, smallest first; "-" where the result has none."""
    card, facts = summary.card, summary.facts
    agreement = summary.agreement.mean
    keys = (
        None if agreement is None else f"{agreement:.4f}",
        f"{-len(facts.mses)}" if facts.mses else None,
        None if facts.smallest is None else f"{facts.smallest}",
        f"{-card.p_predicted:.6f}" if card.is_right is False else None,
    )
    return " ".join(key or "-" for key in keys)


def leads(found: SetSummary) -> tuple[Lead, ...]:
    """Return at most three results that stand out, of different images, each with the reason."""
    if len({summary.card.image_id for summary in found.summaries}) < _FEWEST_IMAGES:
        return ()
    chosen: list[Lead] = []
    taken: set[str] = set()
    for candidates in (_errors(found), _disagreements(found), _rich(found), _small(found)):
        for summary, title, reason in candidates:
            if summary.card.image_id not in taken and len(chosen) < _MOST_LEADS:
                taken.add(summary.card.image_id)
                chosen.append(Lead(summary.card, title, reason))
                break
    return tuple(chosen)


Candidates = Iterable[tuple[Summary, str, str]]


def _sorted(found: SetSummary, key: Callable[[Summary], float | None]) -> Iterator[Summary]:
    """Yield the results with a key, smallest first; only the keys of all are in memory."""
    keys = [(value, i) for i, one in enumerate(found.summaries) if (value := key(one)) is not None]
    return (found.summaries[i] for _, i in sorted(keys))


def _errors(found: SetSummary) -> Candidates:
    surest = _sorted(found, lambda one: -one.card.p_predicted if one.card.is_right is False else None)
    for summary in surest:
        card = summary.card
        p = wording.probability(card.p_predicted)
        yield (
            summary,
            "Most confident error",
            f"Predicted {card.predicted} with p = {p}; labelled {card.label}.",
        )


def _disagreements(found: SetSummary) -> Candidates:
    known = [mean for one in found.summaries if (mean := one.agreement.mean) is not None]
    if len(known) < _FEWEST_IMAGES:
        return
    overall = sum(known) / len(known)
    for summary in _sorted(found, lambda one: one.agreement.mean):
        n, mean = wording.count(len(summary.agreement.methods), "heatmap"), summary.agreement.mean or 0.0
        reason = f"Mean rank correlation of {n} is {_signed(mean)}; {_signed(overall)} over the set."
        yield summary, "Methods disagree most", reason


def _rich(found: SetSummary) -> Candidates:
    overlap = found.settings.graph.overlap
    for summary in _sorted(found, lambda one: -n_diverse(one, overlap)):
        n = n_diverse(summary, overlap)
        if n < 2:
            return
        patches = wording.count(overlap, "patch", "patches") if overlap else "no patch"
        limit = "at most " if overlap else ""
        reason = f"{n} sets of patches suffice, of which any two share {limit}{patches}."
        yield summary, "Most different explanations", reason


def _small(found: SetSummary) -> Candidates:
    def share(one: Summary) -> float | None:
        return one.facts.smallest / one.facts.n_cells if one.facts.smallest else None

    for summary in _sorted(found, share):
        size, facts = summary.facts.smallest or 0, summary.facts
        enough = f"{size} of {facts.n_cells} patches alone {'keeps' if size == 1 else 'keep'}"
        reason = f"{enough} p at {wording.probability(facts.threshold)} or more."
        yield summary, "Fewest patches suffice", reason


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
