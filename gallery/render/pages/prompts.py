"""What needed and precluded regions do, on an image page: changed predictions, shares, maps side by side."""

from collections.abc import Mapping, Sequence

import numpy as np

from gallery.records import Change, Float32, ImageResult, MethodCard, Prediction, Prompted, Prompts
from gallery.render.figures.colormap import default_for
from gallery.render.figures.heat import cut_levels, grey_png
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import denormalise
from gallery.render.figures.regions import outlined, region_area, replaced
from gallery.render.pages import wording
from gallery.render.pages.drawing import Subject
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Heat, Link
from gallery.render.pages.paths import method_path
from gallery.render.pages.prompt_parts import (
    ChangeRow,
    MapPair,
    MseShareRow,
    Outlined,
    PromptsView,
    ShareRow,
)
from gallery.survey.tables import Cell, csv_text

MOST_MSES = 12
"""Explanations listed; all of them are in the CSV file."""
SIDE_PX = 384
CHANGES: Mapping[Change, str] = {
    "without_precluded": "Precluded region replaced",
    "without_needed": "Needed region replaced",
    "only_needed": "All but the needed region replaced",
}
_DASH = "\N{EN DASH}"


def build_prompts(
    subject: Subject, methods: Sequence[MethodCard], heats: Mapping[str, Heat], output: Output
) -> PromptsView | None:
    """Draw what there is to see and return everything as text; None for an image without regions."""
    result, prompted = subject.result, subject.result.prompted
    if prompted is None:
        return None
    found = prompted.prompts
    listed = result.search.mses[:MOST_MSES]
    left_out = len(result.search.mses) - len(listed)
    return PromptsView(
        pictures=_pictures(subject, found, output),
        verdict=_verdict(result, found),
        note=found.note,
        baseline=result.mask_model.baseline,
        has_needed=found.needed is not None,
        has_precluded=found.precluded is not None,
        changes=_changes(result, found),
        mses=tuple(_mse_row(subject, found, i) for i in range(len(listed))),
        mses_note=f"{left_out} more in the CSV file." if left_out else "",
        again=_again(result, prompted),
        maps=_map_rows(prompted, methods),
        has_after=bool(prompted.heatmaps),
        pairs=tuple(
            _pair(subject, prompted, method, heats[method.name], output)
            for method in methods
            if method.name in prompted.heatmaps
        ),
        files=(_write_csv(subject, prompted, methods, output),),
    )


# --- pictures ---------------------------------------------------------------------------------------------


def _pictures(subject: Subject, found: Prompts, output: Output) -> tuple[Outlined, ...]:
    """Draw the photograph with its regions, and without the precluded one."""
    view, preprocessing = subject.result.inputs.view, subject.card.preprocessing
    height, width = view.shape[:2]
    ratio = min(1.0, SIDE_PX / max(height, width))
    size, title = (round(width * ratio), round(height * ratio)), subject.title
    if found.needed is None and found.precluded is None:
        return ()
    path = output.figure(
        f"{subject.folder}/regions.webp",
        ("regions", view, found.needed, found.precluded, SIDE_PX),
        lambda: outlined(view, found.needed, found.precluded, side=SIDE_PX),
    )
    planes = {"needed": (found.needed, "framed"), "precluded": (found.precluded, "framed and hatched")}
    said = [f"the {name} region {how} ({_where(p)})" for name, (p, how) in planes.items() if p is not None]
    marks = {"needed": "framed in blue", "precluded": "framed and hatched in orange"}
    legend = [f"{name}: {marks[name]}" for name, (plane, _) in planes.items() if plane is not None]
    first = Outlined(path, size, f"{title} with {' and '.join(said)}.", f"{'; '.join(legend).capitalize()}.")
    precluded = found.precluded
    if precluded is None:
        return (first,)
    baseline = denormalise(subject.result.inputs.baseline, preprocessing.mean, preprocessing.std)
    path = output.figure(
        f"{subject.folder}/without-precluded.webp",
        ("replaced", view, baseline, precluded, SIDE_PX),
        lambda: replaced(view, baseline, precluded, side=SIDE_PX),
    )
    without = found.predictions["without_precluded"]
    alt = f"{title} without the precluded region: {_said(without)}."
    return first, Outlined(path, size, alt, "The precluded region replaced by the baseline.")


def _where(plane: Float32) -> str:
    """Return how large a region is and where it lies, in words."""
    height, width = plane.shape
    rows, cols = (np.flatnonzero(region_area(plane, plane.shape).any(axis=axis)) for axis in (1, 0))
    across = f"{wording.percent(cols[0] / width)} to {wording.percent((cols[-1] + 1) / width)} of its width"
    down = f"{wording.percent(rows[0] / height)} to {wording.percent((rows[-1] + 1) / height)} of its height"
    return f"{wording.percent(float(plane.mean()))} of the picture, {across}, {down}"


# --- the prediction ---------------------------------------------------------------------------------------


def _said(prediction: Prediction) -> str:
    """Return the probability of the class explained, and the most probable class if that is another."""
    said = f"{wording.one_line(prediction.class_name)} at p = {wording.probability(prediction.p_full)}"
    top = prediction.top[0]
    if top.index == prediction.target:
        return said
    return f"{said}, most probable {wording.one_line(top.name)} at p = {wording.probability(top.probability)}"


def _changes(result: ImageResult, found: Prompts) -> tuple[ChangeRow, ...]:
    versions = {"Whole image": result.prediction}
    versions |= {CHANGES[change]: prediction for change, prediction in found.predictions.items()}
    return tuple(
        ChangeRow(
            what=what,
            probability=wording.probability(one.p_full),
            change=wording.signed(one.p_full - result.prediction.p_full) if i else "",
            top=f"{wording.one_line(one.top[0].name)} ({wording.probability(one.top[0].probability)})",
            is_own=not i,
        )
        for i, (what, one) in enumerate(versions.items())
    )


def _verdict(result: ImageResult, found: Prompts) -> str:
    """Return what replacing either region does to the class explained, in sentences."""
    before = result.prediction
    regions: tuple[tuple[Change, str], ...] = (
        ("without_precluded", "precluded"),
        ("without_needed", "needed"),
    )
    said = []
    for change, name in regions:
        if (after := found.predictions.get(change)) is None:
            continue
        move = f"from {wording.probability(before.p_full)} to {wording.probability(after.p_full)}"
        was, stays = (one.top[0].index == before.target for one in (before, after))
        rank = ""
        if was != stays:
            rank = (
                ", and it is no longer the most probable class"
                if was
                else ", and it becomes the most probable"
            )
        said.append(
            f"With the {name} region replaced, the probability of {wording.one_line(before.class_name)} "
            f"goes {move}{rank}."
        )
    return " ".join(said)


# --- explanations -----------------------------------------------------------------------------------------


def _share(value: float | None) -> str:
    return _DASH if value is None else wording.percent(value)


def _mse_row(subject: Subject, found: Prompts, index: int) -> MseShareRow:
    one, number = found.mses[index], index + 1
    p, threshold = one.probability, subject.result.search.threshold
    return MseShareRow(
        link=Link(f"#{subject.prefix}mse-{number}", f"MSE {number}"),
        needed=_share(one.shares.needed),
        precluded=_share(one.shares.precluded),
        probability=_DASH if p is None else wording.probability(p),
        verdict="" if p is None else "still sufficient" if p >= threshold else "no longer sufficient",
    )


def _again(result: ImageResult, prompted: Prompted) -> str:
    """Return how the explanations of the changed image differ, in sentences; "" if there was no search."""
    agreed, search = prompted.prompts.agreement, prompted.search
    if agreed is None or search is None:
        return ""
    least = wording.probability(search.threshold)
    asked = f"p = {least} or more, the same share of the changed image's own probability"
    if not agreed.n_mses:
        return f"Searched again without the precluded region, no set of patches was found with {asked}."
    sets = wording.count(agreed.n_mses, "minimal sufficient set was", "minimal sufficient sets were")
    size = wording.count(agreed.smallest or 0, "patch", "patches")
    said = f"Searched again without the precluded region, {sets} found with {asked}"
    same = f"{agreed.n_same} of them found on the whole image as well"
    similar = (
        "" if agreed.similarity is None else f"; mean overlap with the most similar {agreed.similarity:.2f}"
    )
    return f"{said}: the smallest of {size}, {same}{similar}."


def _map_rows(prompted: Prompted, methods: Sequence[MethodCard]) -> tuple[ShareRow, ...]:
    areas = prompted.prompts.areas
    rows = [ShareRow(Link("", "Spread evenly"), _share(areas.needed), _share(areas.precluded))]
    for method in methods:
        if (one := prompted.maps.get(method.name)) is None:
            continue
        rows.append(
            ShareRow(
                link=Link(method_path(method.name), method.title),
                needed=_share(one.shares.needed),
                precluded=_share(one.shares.precluded),
                needed_after=_DASH if one.after is None else _share(one.after.needed),
                precluded_after=_DASH if one.after is None else _share(one.after.precluded),
                correlation=_DASH if one.correlation is None else wording.measure(one.correlation),
            )
        )
    return tuple(rows)


def _pair(subject: Subject, prompted: Prompted, method: MethodCard, before: Heat, output: Output) -> MapPair:
    """Draw the map made again and put it beside the first."""
    heatmap, one = prompted.heatmaps[method.name], prompted.maps[method.name]
    path = output.figure(
        f"{subject.folder}/heat-{method.name}-without.png",
        ("heat", heatmap.native, method.signed),
        lambda: grey_png(heatmap.native, signed=method.signed),
    )
    height, width = heatmap.native.shape
    without = prompted.prompts.predictions["without_precluded"]
    focus = wording.heatmap_focus(heatmap, Partition.of(subject.result))
    after = Heat(
        path=path,
        colormap=default_for(signed=method.signed),
        alt=f"{method.title} heatmap without the precluded region ({_said(without)}): {focus}.",
        size=(width, height),
        signed=method.signed,
        cuts=cut_levels(heatmap.native, heatmap.values, signed=method.signed),
    )
    same = "one of them is constant"
    if one.correlation is not None:
        same = f"rank correlation {wording.measure(one.correlation)}"
    return MapPair(method.title, method_path(method.name), before, after, same)


def _write_csv(subject: Subject, prompted: Prompted, methods: Sequence[MethodCard], output: Output) -> Link:
    """Write every number of the section as CSV; return the link."""
    found, result = prompted.prompts, subject.result
    header = (
        "kind", "name", "needed", "precluded", "needed_without", "precluded_without", "rank_correlation",
        "probability", "probability_without",
    )  # fmt: skip
    empty = (None,) * 5
    rows: list[tuple[Cell, ...]] = [
        ("area", "spread evenly", found.areas.needed, found.areas.precluded, *empty),
        ("prediction", "whole image", *empty, result.prediction.p_full, None),
        *(("prediction", change, *empty, one.p_full, None) for change, one in found.predictions.items()),
    ]
    for i, (mse, one) in enumerate(zip(result.search.mses, found.mses, strict=True), 1):
        shares = (one.shares.needed, one.shares.precluded)
        rows.append(("mse", f"MSE {i}", *shares, None, None, None, mse.probability, one.probability))
    for method in methods:
        if (map_ := prompted.maps.get(method.name)) is not None:
            after = (None, None) if map_.after is None else (map_.after.needed, map_.after.precluded)
            shares = (map_.shares.needed, map_.shares.precluded)
            rows.append(("heatmap", method.name, *shares, *after, map_.correlation, None, None))
    path = f"{subject.folder}/regions.csv"
    output.write(path, csv_text(header, rows).encode())
    return Link(path, "All numbers (CSV)")
