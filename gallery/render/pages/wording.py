"""Numbers and descriptions as the pages print them: one place, so that every page says it the same way."""

import re

import numpy as np

from gallery.records import Explanation, Float32, Heatmap, ImageResult, MaskModel, cells_of
from gallery.render.figures.patches import cell_name


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


def count(number: int, noun: str, plural: str = "") -> str:
    """Return "1 patch", "2 patches" and so on."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    )


def one_line(text: str) -> str:
    """Return ``text`` without control characters, with every run of white space as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+", " ", text).strip()


def cell_list(mask: int, mask_model: MaskModel) -> str:
    """Return the kept patches of a bit mask as text, such as "(2, 3), (2, 4)"."""
    return ", ".join(_cell(cell, mask_model) for cell in cells_of(mask))


def _cell(cell: int, mask_model: MaskModel) -> str:
    # A patch's name is not broken over two lines.
    return cell_name(cell, mask_model).replace(" ", "\N{NO-BREAK SPACE}")


def cell_mass(values: Float32, mask_model: MaskModel) -> Float32:
    """Return the share of positive attribution in each grid cell, (R * S,) float32, summing to 1 (or 0).

    Args:
        values: (H, W) raw heatmap; negative values count as none.
        mask_model: Its grid is laid over the map; cells may differ by a pixel where it does not divide it.
    """
    positive = np.maximum(np.nan_to_num(values.astype(np.float64)), 0)
    rows = np.arange(values.shape[0]) * mask_model.rows // values.shape[0]
    cols = np.arange(values.shape[1]) * mask_model.cols // values.shape[1]
    cells = rows[:, None] * mask_model.cols + cols[None, :]
    mass = np.bincount(cells.ravel(), weights=positive.ravel(), minlength=mask_model.n_cells)
    total = mass.sum()
    return (mass / total if total > 0 else mass).astype(np.float32)


def heatmap_focus(heatmap: Heatmap, mask_model: MaskModel) -> str:
    """Return where a heatmap's positive attribution lies, in words and numbers."""
    mass = cell_mass(heatmap.values, mask_model)
    if not mass.any():
        return "it has no positive attribution anywhere"
    order = np.argsort(-mass, kind="stable")
    needed = int(np.searchsorted(np.cumsum(mass[order]), 0.5 - 1e-6) + 1)
    strongest = _cell(int(order[0]), mask_model)
    return f"half of the attribution lies in {needed} of {mask_model.n_cells} cells, strongest at {strongest}"


def heatmap_alt(title: str, heatmap: Heatmap, result: ImageResult) -> str:
    """Return the alternative text of a heatmap overlay, made from its numbers."""
    prediction = result.prediction
    what = f"{title} heatmap for {one_line(prediction.class_name)} (p = {probability(prediction.p_full)})"
    return f"{what}: {heatmap_focus(heatmap, result.mask_model)}."


def mse_alt(explanation: Explanation, result: ImageResult) -> str:
    """Return the alternative text of a kept-patches picture."""
    cells = cells_of(explanation.mask)
    return (
        f"{one_line(result.image.title)} with only {count(len(cells), 'patch', 'patches')} of "
        f"{result.mask_model.n_cells} kept ({cell_list(explanation.mask, result.mask_model)}): "
        f"{one_line(result.prediction.class_name)} at p = {probability(explanation.probability)}."
    )


def photo_alt(result: ImageResult) -> str:
    """Return the alternative text of the photograph: what it is, what the classifier said, what is true."""
    top = result.prediction.top[0]
    said = f"{one_line(top.name)} (p = {probability(top.probability)})"
    text = f"Photograph: {one_line(result.image.title)}. Classified as {said}"
    return text + (f"; labelled {one_line(result.image.label)}." if result.image.label else ".")


def grid_text(mask_model: MaskModel) -> str:
    """Return the mask model in one phrase, as printed beside results."""
    upsampling: str = mask_model.interpolation
    if upsampling == "bilinear":
        upsampling += ", corners aligned" if mask_model.align_corners else ", half-pixel centres"
    return f"{mask_model.rows} × {mask_model.cols} patches, {upsampling}, {mask_model.baseline} baseline"  # noqa: RUF001
