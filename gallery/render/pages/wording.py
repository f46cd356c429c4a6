"""Numbers and descriptions as the pages print them: one place, so that every page says it the same way."""

import re

import numpy as np

from gallery.records import (
    DeletionSet,
    Explanation,
    Float32,
    Heatmap,
    ImageResult,
    MaskModel,
    Minimality,
    SearchResult,
    cells_of,
)
from gallery.render.figures import patches
from gallery.render.figures.partition import Partition


def probability(value: float) -> str:
    """Return a probability in [0, 1] with three decimals; never "0.000" for something above zero."""
    if 0 < value < 0.0005:
        return "< 0.001"
    return f"{value:.3f}"


def percent(value: float) -> str:
    """Return a fraction as a whole percentage, with a space as in print."""
    return f"{100 * value:.0f} %"


def measure(value: float) -> str:
    """Return a measured value with three decimals, with a real minus sign."""
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "not defined"


def signed(value: float) -> str:
    """Return a number with three decimals and its sign, which zero does not have: "+0.120", "0.000"."""
    text = f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
    return text if float(f"{value:.3f}") else text[1:]


def number_or_dash(value: object) -> str:
    """Return a number as text, or a dash if there is none."""
    return "–" if value is None else str(value)  # noqa: RUF001


def count(number: int, noun: str, plural: str = "") -> str:
    """Return "1 patch", "2 patches" and so on."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    )


def one_line(text: str) -> str:
    """Return ``text`` without control characters, with every run of white space as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+", " ", text).strip()


def cell_list(mask: int, mask_model: MaskModel) -> str:
    """Return the patches of a bit mask as text: "(2, 3), (2, 4)", or "segments 3, 7"."""
    if mask_model.partition == "grid":
        return ", ".join(cell(index, mask_model) for index in cells_of(mask))
    return patches.cell_list(mask, mask_model)


def cell(index: int, mask_model: MaskModel) -> str:
    """Return the name of a patch, which is not broken over two lines."""
    return patches.cell_name(index, mask_model).replace(" ", "\N{NO-BREAK SPACE}")


def naming(mask_model: MaskModel) -> str:
    """Return how patches are named, in a sentence."""
    if mask_model.partition == "grid":
        return "A patch is named (row, column), from 0 at the top left."
    return "Patches are superpixels and named by their numbers."


def cell_mass(values: Float32, partition: Partition) -> Float32:
    """Return the share of positive attribution in each patch, (n_cells,) float32, summing to 1 (or 0).

    Args:
        values: (H, W) raw heatmap; negative values count as none.
        partition: Its patches are laid over the map; the cells of a grid that does not divide it are those
            that are drawn, and differ by a pixel.
    """
    positive = np.maximum(np.nan_to_num(values.astype(np.float64)), 0)
    height, width = values.shape
    cells = partition.labels((height, width))
    mass = np.bincount(cells.ravel(), weights=positive.ravel(), minlength=partition.mask_model.n_cells)
    total = mass.sum()
    return (mass / total if total > 0 else mass).astype(np.float32)


def heatmap_focus(heatmap: Heatmap, partition: Partition) -> str:
    """Return where a heatmap's positive attribution lies, in words and numbers."""
    mask_model = partition.mask_model
    mass = cell_mass(heatmap.values, partition)
    if not mass.any():
        return "it has no positive attribution anywhere"
    order = np.argsort(-mass, kind="stable")
    needed = int(np.searchsorted(np.cumsum(mass[order]), 0.5 - 1e-6) + 1)
    strongest = cell(int(order[0]), mask_model)
    noun = "cells" if mask_model.partition == "grid" else "segments"
    return (
        f"half of the attribution lies in {needed} of {mask_model.n_cells} {noun}, strongest at {strongest}"
    )


def heatmap_alt(title: str, heatmap: Heatmap, result: ImageResult) -> str:
    """Return the alternative text of a heatmap overlay, made from its numbers."""
    prediction = result.prediction
    what = f"{title} heatmap for {one_line(prediction.class_name)} (p = {probability(prediction.p_full)})"
    return f"{what}: {heatmap_focus(heatmap, Partition.of(result))}."


def mse_alt(explanation: Explanation, result: ImageResult) -> str:
    """Return the alternative text of a kept-patches picture."""
    cells = cells_of(explanation.mask)
    return (
        f"{one_line(result.image.title)} with only {count(len(cells), 'patch', 'patches')} of "
        f"{result.mask_model.n_cells} kept ({cell_list(explanation.mask, result.mask_model)}): "
        f"{one_line(result.prediction.class_name)} at p = {probability(explanation.probability)}."
    )


def deletion_alt(one: DeletionSet, result: ImageResult) -> str:
    """Return the alternative text of a photograph without the patches of a deletion set."""
    return (
        f"{one_line(result.image.title)} without {one.mask.bit_count()} of "
        f"{count(result.mask_model.n_cells, 'patch', 'patches')} ({cell_list(one.mask, result.mask_model)}): "
        f"{one_line(result.prediction.class_name)} at p = {probability(one.probability)}."
    )


def hits(number: int, n_mses: int) -> str:
    """Return with how many MSEs a deletion set has a patch in common, "" if there are no MSEs."""
    if n_mses == 0:
        return ""
    return f"shares a patch with {number} of {count(n_mses, 'MSE')}"


def minimality(verified: Minimality) -> str:
    """Return what was verified of a minimal set, as printed beside it."""
    return "certified smallest" if verified == "smallest" else verified


def certificate(search: SearchResult, *, nothing_suffices: bool) -> str:
    """Return what an exhaustive search has certified, in a sentence; "" without a certificate.

    Args:
        search: With its MSEs, smallest first.
        nothing_suffices: Whether the baseline alone, without any patch, is sufficient already. It is then
            the only subset-minimal set, and there is nothing to say about larger ones.
    """
    if not search.complete_up_to or nothing_suffices:
        return ""
    size = f"at most {count(search.complete_up_to, 'patch', 'patches')}"
    within = sum(one.mask.bit_count() <= search.complete_up_to for one in search.mses)
    if within == 0:
        said = f"no set of {size} is sufficient"
    elif within == len(search.mses):
        said = f"these are all the subset-minimal explanations of {size}"
    elif within == 1:
        said = f"the first is the only subset-minimal explanation of {size}"
    else:
        said = f"the first {within} are all the subset-minimal explanations of {size}"
    scored = count(search.n_scored, "patch set was", "patch sets were")
    return f"Certified: {said} under this mask model; {scored} scored."


def photo_alt(result: ImageResult) -> str:
    """Return the alternative text of the photograph: what it is, what the classifier said, what is true."""
    top = result.prediction.top[0]
    said = f"{one_line(top.name)} (p = {probability(top.probability)})"
    text = f"Photograph: {one_line(result.image.title)}. Classified as {said}"
    return text + (f"; labelled {one_line(result.image.label)}." if result.image.label else ".")


def grid_text(mask_model: MaskModel, *, is_asked: bool = False) -> str:
    """Return the mask model in one phrase, as printed beside results.

    Args:
        mask_model: What patches are.
        is_asked: Whether these are the settings of a set, where the number of superpixels is only asked for.
    """
    if mask_model.partition != "grid":
        asked = "about " if is_asked else ""
        superpixels = f"SLIC superpixels, compactness {mask_model.compactness:g}"
        return f"{asked}{mask_model.n_segments} {superpixels}, {mask_model.baseline} baseline"
    if mask_model.removal == "drop_tokens":
        return f"{mask_model.rows} × {mask_model.cols} patches, the tokens of removed patches are left out"  # noqa: RUF001
    upsampling: str = mask_model.interpolation
    if upsampling == "bilinear":
        upsampling += ", corners aligned" if mask_model.align_corners else ", half-pixel centres"
    return f"{mask_model.rows} × {mask_model.cols} patches, {upsampling}, {mask_model.baseline} baseline"  # noqa: RUF001


def selectable(result: ImageResult) -> str:
    """Return that the selections of different MSEs looked at some of them only; "" if at all."""
    n = result.graph.options.get("selectable")
    if n is None or len(result.search.mses) <= n:
        return ""
    return f"Different ones are selected among the first {n} only."
