"""What the pages about concepts say in words."""

from gallery.records import ConceptMap, ConceptNetwork, ConceptResult
from gallery.render.pages.concepts.parts import ConceptMeasure
from gallery.render.pages.parts import Term
from gallery.render.pages.wording import count, measure, number_or_dash, percent

NO_NUMBER = number_or_dash(None)
CARRIES_OVER = 0.5
"""R² on new photographs from which on the page does not warn: half of the variance explained."""


def training_of(network: ConceptNetwork) -> tuple[Term, ...]:
    """Return what a network was learnt from and how, for a list of terms."""
    views, options = network.views, network.options
    source = f"photographs from {views.source}" if views.source else "the photographs of this set"
    of_class = (
        f"{views.n_of_class} of them of the class by the classifier’s own verdict"  # noqa: RUF001
        if views.n_of_class
        else "none of them of the class by the classifier’s own verdict; the likeliest stands in"  # noqa: RUF001
    )
    kept = f"{count(views.n_new_views, 'other view')} of the same photographs"
    if views.n_new_photos:
        kept += (
            f", and {count(views.n_views_of_new, 'view')} of "
            f"{count(views.n_new_photos, 'photograph')} never learnt from"
        )
    weights = ", ".join(
        f"{name} {options[key]:g}"
        for name, key in (
            ("prediction", "prediction"), ("reconstruction", "reconstruction"), ("pull-away", "pull_away"),
        )
    )  # fmt: skip
    widths = [network.weights["encoder.0.weight"].shape[1], *options["hidden"], network.n_features]
    facts = {
        "Learnt from": f"{source}: {count(views.n_views, 'activation')}, one per view; "
        f"{count(views.n_photos, 'photograph')}, {of_class}. Views are the whole photographs and random "
        "squares out of them at several scales, half of them mirrored",
        "Tested on": kept,
        "Layer": f"{network.layer}, averaged over positions",
        "Encoder": " → ".join(str(width) for width in widths),
        "Weights of the loss, first attempt": f"{weights}; q = {options['q']:g}",
        "Pull-away term": f"along {options['along']}",
        "Training": f"{options['epochs']} epochs of {options['batch']} views a step, Adam at "
        f"{options['learning_rate']:g}",
        "Seed": str(network.seed),
    }
    return tuple(Term(name, value) for name, value in facts.items())


def attempts_text(network: ConceptNetwork) -> str:
    """Return how many trainings it took, and whether the retry rule was content, in a sentence."""
    n, last = len(network.attempts), network.attempts[-1]
    rule = (
        "two or more concepts add to the score on average, the second at least 0.3 times as much as the first"
    )
    if last.is_accepted:
        tries = "The first training was accepted" if n == 1 else f"Training {n} of at most 5 was accepted"
        return f"{tries}: {rule}."
    return f"None of {n} trainings met the rule ({rule}); the last one is shown. Read it with care."


def reach_text(network: ConceptNetwork) -> str:
    """Return how far beyond the photographs learnt from the concepts can be trusted, in sentences."""
    views, r2 = network.views, network.quality.r2_photos
    n = views.n_of_class
    seen = (
        f"{count(n, 'photograph')} of the class and crops of {'it' if n == 1 else 'them'}"
        if n
        else "no photograph that the classifier takes for the class, only the likeliest and crops of it"
    )
    seen = f"The network has seen {seen}"
    if r2 is None:
        return f"{seen}. Whether what it has learnt holds for other photographs was not tested."
    tested = f"{seen}. On {count(views.n_new_photos, 'photograph')} it has never seen, R² is {measure(r2)}"
    if r2 < CARRIES_OVER:
        return (
            f"{tested}: read the concepts as a description of the photographs learnt from, not of the class."
        )
    return f"{tested}."


def measures_of(result: ConceptResult) -> tuple[ConceptMeasure, ...]:
    """Return the numbers about a whole network."""
    quality = result.network.quality
    known = [share for one in result.maps if (share := one.half_mass) is not None and _is_first(result, one)]
    stability = sum(quality.stability) / len(quality.stability) if quality.stability else None
    first = result.methods[0].title
    return (
        ConceptMeasure(
            "Faithfulness, new views",
            _number(quality.r2_views),
            "R² of the predicted logit on views kept back, of photographs learnt from; 1 is perfect, 0 no "
            "better than the mean",
        ),
        ConceptMeasure(
            "Faithfulness, new photographs",
            _number(quality.r2_photos),
            "the same on photographs never learnt from: the stricter test. Negative where their score "
            "hardly varies or the network fails; the error in logits tells which",
        ),
        ConceptMeasure(
            "Error, new views",
            _number(quality.rmse_views),
            "root mean squared error, logits; lower is better",
        ),
        ConceptMeasure("Error, new photographs", _number(quality.rmse_photos), "the same, logits"),
        ConceptMeasure(
            "Overlap",
            _number(quality.overlap),
            "mean squared cosine of two concepts in their contributions to new views; 0 is orthogonal, 1 the "
            "same",
        ),
        ConceptMeasure(
            "Reconstructed",
            percent(quality.reconstructed),
            "share of all features of the layer whose reconstruction has R² of 0.5 or more on new views; "
            "selective by design, so neither high nor low is better",
        ),
        ConceptMeasure(
            "Stability",
            _number(stability),
            f"mean correlation with the partner in {count(max(quality.n_seeds - 1, 0), 'training')} from "
            "other seeds, over new views; 1 is the same again",
        ),
        ConceptMeasure(
            "Locality",
            percent(sum(known) / len(known)) if known else NO_NUMBER,
            f"share of the map that holds half of {first}, mean over the maps below; lower is more local",
        ),
    )


def _is_first(result: ConceptResult, one: ConceptMap) -> bool:
    return one.heatmap.method == result.methods[0].name


def _number(value: float | None) -> str:
    return NO_NUMBER if value is None else measure(value)
