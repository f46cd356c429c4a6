"""What the pages about autoencoders say in words."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from gallery.records import (
    Bool,
    Disentanglement,
    Float32,
    SeedInterval,
    UInt8,
    VaeAnomalies,
    VaeExample,
    VaeModel,
    VaeScores,
)
from gallery.render.figures.scale import format_number
from gallery.render.pages.generative.published import PAPER_STEPS
from gallery.render.pages.parts import Term
from gallery.render.pages.wording import count, measure, number_or_dash, one_line, percent, signed

GOOD = "good"
"""Kind of pictures without a defect."""
ERROR = "reconstruction_error"
CHANCE = 0.5
"""AUROC of scores that know nothing."""
FAMILIES = {
    "vae": "VAE", "beta_vae": "beta-VAE", "factor_vae": "FactorVAE", "ad_factor_vae": "AD-FactorVAE",
}  # fmt: skip
Score = Callable[[VaeScores], float | None]
MEASURES: Mapping[str, Score] = {
    "pixel AUROC": lambda one: one.pixel_auroc,
    "IoU": lambda one: one.iou,
    "image AUROC": lambda one: one.image_auroc,
}


def family_title(name: str) -> str:
    """Return how a family is printed."""
    return FAMILIES.get(name, one_line(name))


def kind_title(kind: str) -> str:
    """Return how a kind of defect is printed."""
    text = one_line(kind)
    return "Normal" if kind == GOOD else text[:1].upper() + text[1:]


def number(value: float | None) -> str:
    """Return a score with three decimals, or a dash."""
    return number_or_dash(None) if value is None else measure(value)


# --- anomalies ---------------------------------------------------------------------------------------------


def verdict(found: VaeAnomalies) -> tuple[str, ...]:
    """Return how attention compares with the plain error of the reconstruction, in sentences."""
    behind: list[str] = []
    ahead: list[str] = []
    for name, score in MEASURES.items():
        error, best, title = _duel(found, score)
        if error is not None and best is not None:
            text = f"{name} {measure(error)} against {measure(best)} at best ({title})"
            (behind if error > best else ahead).append(text)
    said = []
    if behind:
        said.append(f"Reconstruction error beats every reading of attention: {'; '.join(behind)}.")
    if ahead:
        said.append(f"Reconstruction error does not beat attention: {'; '.join(ahead)}.")
    kinds = list(_kinds_of_attention(found))
    if kinds:
        said.append(f"By kind, some reading of attention is ahead of it for {'; '.join(kinds)}.")
    elif behind:
        said.append("It is ahead for every kind of defect.")
    if below := list(_below_chance(found)):
        why = "There the map is higher where nothing is wrong than where something is."
        said.append(f"Below 0.5, worse than chance: {', '.join(below)}. {why}")
    return tuple(said)


def _below_chance(found: VaeAnomalies) -> Iterator[str]:
    """Yield the methods that rank anomalies below what is normal, and by which measures."""
    for method, one in zip(found.methods, found.scores, strict=True):
        areas = {"pixel AUROC": one.pixel_auroc, "image AUROC": one.image_auroc}
        names = [name for name, value in areas.items() if value is not None and value < CHANCE]
        if names:
            yield f"{method.title} ({', '.join(names)})"


def _duel(found: VaeAnomalies, score: Score) -> tuple[float | None, float | None, str]:
    """Return the score of the reconstruction error, the best one of attention, and whose that is."""
    values = {one.method: score(one) for one in found.scores}
    readings = [
        (value, method.title)
        for method in found.methods
        if not method.is_baseline and (value := values[method.name]) is not None
    ]
    best, title = max(readings, key=lambda pair: pair[0], default=(None, ""))
    return values.get(ERROR), best, title


def _kinds_of_attention(found: VaeAnomalies) -> Iterator[str]:
    """Yield, by measure, the kinds for which some reading of attention is above the error."""
    by_kind: Mapping[str, Callable[[VaeScores], Mapping[str, float]]] = {
        "pixel AUROC": lambda one: one.pixel_by_kind or {},
        "image AUROC": lambda one: one.image_by_kind,
    }
    for measure_name, read in by_kind.items():
        kinds = []
        for kind in found.n_of_kind:
            error, best, _ = _duel(found, lambda one, kind=kind, read=read: read(one).get(kind))  # type: ignore[misc]
            if error is not None and best is not None and best > error:
                kinds.append(one_line(kind))
        if kinds:
            yield f"{', '.join(kinds)} ({measure_name})"


def example_facts(one: VaeExample, n: int) -> str:
    """Return the place of an example by score, and the size of its defect."""
    place = f"number {one.place} of {n} by score"
    if one.mask is None or not one.mask.any():
        return place
    return f"{place}; defect on {percent_of(one.mask)} of the pixels"


def percent_of(mask: Bool) -> str:
    """Return the share of a mask, with a decimal as defects are small."""
    return f"{100 * float(mask.mean()):.1f} %"


def map_alt(title: str, one: VaeExample, values: Float32) -> str:
    """Return the alternative text of a map, made from its numbers."""
    text = f"{title} of {one_line(one.name)}: largest value {format_number(float(values.max()))}"
    if one.mask is None or not one.mask.any() or one.mask.all():
        return f"{text}, mean {format_number(float(values.mean()))}."
    inside, outside = float(values[one.mask].mean()), float(values[~one.mask].mean())
    if outside <= 0:
        return f"{text}; mean inside the defect {format_number(inside)}, outside 0."
    return f"{text}; its mean inside the defect is {inside / outside:.2f} times that outside."


def picture_alt(one: VaeExample) -> str:
    """Return the alternative text of a test picture."""
    where = ""
    if one.mask is not None and one.mask.any():
        rows, cols = np.nonzero(one.mask)
        height, width = one.mask.shape
        where = (
            f"; the defect covers {percent_of(one.mask)} of the pixels, its middle is "
            f"{percent(float(cols.mean() + 0.5) / width)} from the left and "
            f"{percent(float(rows.mean() + 0.5) / height)} from the top"
        )
    return f"Test picture {one_line(one.name)}{where}."


def reconstruction_alt(name: str, picture: UInt8, reconstruction: UInt8) -> str:
    """Return the alternative text of a reconstruction."""
    difference = (picture.astype(np.float64) - reconstruction) / 255
    error = format_number(float((difference**2).mean()))
    return f"Reconstruction of {one_line(name)}: mean squared error {error}."


def model_terms(model: VaeModel) -> tuple[Term, ...]:
    """Return how an autoencoder was made, for a list of terms."""
    given = model.settings
    weights = {"beta": 1.0, "gamma": 0.0, "attention": 0.0}
    own = [f"{name} {given[name]:g}" for name, plain in weights.items() if given[name] != plain]
    facts = {
        "Model": f"{family_title(model.family)}{', ' if own else ''}{', '.join(own)}; {given['latents']} "
        f"latents, first convolutions with {given['width']} channels, {given['likelihood']} likelihood",
        "Data": f"{one_line(model.title)}: {one_line(model.origin)}",
        "Trained on": f"{count(model.n_train, 'picture')} of {given['size']} px, "
        f"{count(model.steps, 'step')} of {given['batch']}, Adam at {given['learning_rate']:g}, "
        f"seed {given['seed']}, torch {model.torch}",
        "Attention of": f"convolution {given['attention_layer']} of the encoder, counted from 0",
        "Checkpoint": f"{one_line(model.file)}, SHA-256 {model.sha256}",
        "Training pictures": f"SHA-256 {model.pictures}",
    }
    return tuple(Term(name, value) for name, value in facts.items())


# --- disentanglement ---------------------------------------------------------------------------------------


def limits(found: SeedInterval, *, is_difference: bool = False) -> str:
    """Return the 95 % interval, or that there is none."""
    if found.low is None or found.high is None:
        return "one seed, no interval"
    show = signed if is_difference else measure
    return f"{show(found.low)} to {show(found.high)}"


def share_of_paper(found: Disentanglement) -> str:
    """Return how long the trainings were beside those of the paper."""
    share = found.steps / PAPER_STEPS
    percentage = f"{100 * share:.1f}".removesuffix(".0")
    paper = count(PAPER_STEPS, "step")
    return f"{count(found.steps, 'step')} per training, {percentage} % of the {paper} of the paper"


def difference_text(found: Disentanglement) -> str:
    """Return what the difference between the families says, in a sentence."""
    first, second = (family_title(name) for name in found.families)
    one = found.difference
    start = f"{second} less {first}: {signed(one.mean)} on average"
    if one.low is None or one.high is None:
        return f"{start}, from one seed: no interval, so nothing can be concluded."
    start = f"{start}, 95 % interval {limits(one, is_difference=True)}"
    if one.low > 0:
        return f"{start}: better in these runs."
    if one.high < 0:
        return f"{start}: worse in these runs."
    return f"{start}: it includes zero, so these runs show no difference either way."


def made_with(found: Disentanglement) -> tuple[Term, ...]:
    """Return what made the numbers: settings both families share, and those in which they differ."""
    first, second = (found.settings[name] for name in found.families)
    common = {k: v for k, v in first.items() if second.get(k) == v}
    terms = [
        Term("File", f"{one_line(found.file)}, SHA-256 {found.sha256}"),
        Term("Made with", f"torch {one_line(found.torch)} on {one_line(found.device)}"),
        Term("Votes", f"{count(found.n_votes, 'vote')} for the table, as many again to judge it"),
        Term("Both families", _listed(common)),
    ]
    for name in found.families:
        own = {k: v for k, v in found.settings[name].items() if k not in common and k != "family"}
        if own:
            terms.append(Term(family_title(name), _listed(own)))
    return tuple(terms)


def _listed(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{one_line(name)} {one_line(str(value))}" for name, value in sorted(settings.items()))
