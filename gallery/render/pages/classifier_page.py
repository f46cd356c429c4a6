"""The page of one classifier: what it is, how often it is right on this set, and where it is wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter

from gallery.records import ClassifierCard
from gallery.render.pages import contexts, wording
from gallery.render.pages.excerpt import MOST, rest_of
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.parts import Link, Term
from gallery.render.pages.paths import classifier_path
from gallery.render.pages.set_charts import interval_text
from gallery.render.pages.set_parts import Confusion
from gallery.render.pages.summary import SetSummary, Summary
from gallery.survey.shares import wilson


def classifier_page(found: SetSummary, card: ClassifierCard) -> contexts.ClassifierPage:
    """Return the page of one classifier."""
    chosen = found.of(card)
    text = f"{card.title}: facts, weights and what it says about every image."
    return contexts.ClassifierPage(
        head=found.head(classifier_path(card.slug), card.slug, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        facts=_facts(card),
        url=card.url,
        accuracy=_accuracy(chosen),
        confusions=_confusions(chosen),
        cards=tuple(replace(summary.card, classifier_title="") for summary in chosen[:MOST]),
        rest=rest_of(len(chosen), Link(f"index.html#classifier={card.slug}", "All of its images")),
        filters=colour_filters(),
    )


def _facts(card: ClassifierCard) -> tuple[Term, ...]:
    prep = card.preprocessing
    resize = f"shorter side to {prep.resize}, centre crop" if prep.resize else "stretched to the input size"
    facts = {
        "Name": card.id,
        "Architecture": card.architecture,
        "Parameters": f"{card.n_parameters:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        "Classes": str(len(card.class_names)),
        "Input": f"{prep.size[0]} × {prep.size[1]}; {resize}, {prep.interpolation}",  # noqa: RUF001
        "Normalisation": f"mean {_numbers(prep.mean)}; standard deviation {_numbers(prep.std)}",
        "Layer of the CAM methods": card.cam_layer,
        "Licence of the weights": card.licence,
        "Paper": card.paper,
        "SHA-256": card.digest,
    }
    return tuple(Term(name, value) for name, value in facts.items() if value)


def _accuracy(chosen: Sequence[Summary]) -> str:
    """Return how many labelled images the classifier is right on, in a sentence; "" without labels."""
    counts = Counter(summary.card.is_right for summary in chosen)
    right, without = counts[True], counts[None]
    n = right + counts[False]
    if not n:
        return ""
    share = interval_text(wilson(right, n))
    images = wording.count(n, "labelled image")
    rest = f" {wording.count(without, 'image has', 'images have')} no label." if without else ""
    return f"The most probable class is the label on {right} of {images}: {share}, 95 % interval.{rest}"


def _confusions(chosen: Iterable[Summary]) -> tuple[Confusion, ...]:
    """Return the errors by label and prediction: most frequent first, then by name."""
    pairs: dict[tuple[str, str], list[tuple[tuple[float, str], Link]]] = {}
    for summary in chosen:
        if summary.card.is_right is False:
            pair = summary.card.label or "", summary.card.predicted
            pairs.setdefault(pair, []).append((_surest(summary), _link(summary)))
    ordered = sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        Confusion(label, predicted, tuple(link for _, link in sorted(wrong, key=itemgetter(0))))
        for (label, predicted), wrong in ordered
    )


def _surest(summary: Summary) -> tuple[float, str]:
    return -summary.card.p_predicted, summary.card.image_id


def _link(summary: Summary) -> Link:
    note = f"p = {wording.probability(summary.card.p_predicted)}"
    return Link(summary.card.link, summary.card.title, note)


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
