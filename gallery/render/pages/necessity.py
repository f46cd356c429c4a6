"""What the prediction cannot do without, on an image page: deletion sets, participation, interactions."""

from gallery.records import DeletionSet, ImageResult, Interaction, cells_of
from gallery.render.figures.canvas import number
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import denormalise, removed_picture
from gallery.render.figures.svg import loops_data
from gallery.render.pages import wording
from gallery.render.pages.answer_parts import (
    DeletionView,
    MapCell,
    NecessityView,
    PairRow,
    PatchMap,
    PatchRow,
)
from gallery.render.pages.drawing import MSE_PX, Subject, about_patches
from gallery.render.pages.output import Output

MOST_PAIRS = 6
"""Interactions printed; all of them are in explanations.json."""
_NO_BREAK = "\N{NO-BREAK SPACE}"
_FONT = 0.36
"""Size of the numbers in a patch, as a share of its side."""


def build_necessity(subject: Subject, output: Output) -> NecessityView:
    """Draw the deletion sets and return everything about necessity as text."""
    result, necessity = subject.result, subject.result.necessity
    return NecessityView(
        threshold=wording.probability(necessity.threshold),
        share=wording.percent(necessity.threshold / result.prediction.p_full).replace(" ", _NO_BREAK),
        deletion_sets=tuple(
            _deletion_set(subject, i, one, output) for i, one in enumerate(necessity.deletion_sets, 1)
        ),
        theory=_theory(result),
        note=necessity.note,
        map=_patch_map(result),
        patches=_patches(result),
        nothing=wording.probability(necessity.p_empty),
        pairs=tuple(_pair(one, result) for one in necessity.interactions[:MOST_PAIRS]),
        pairs_of=_pairs_of(result),
    )


def _deletion_set(subject: Subject, index: int, one: DeletionSet, output: Output) -> DeletionView:
    result = subject.result
    height, width = result.inputs.view.shape[:2]
    ratio = MSE_PX / max(height, width)
    return DeletionView(
        anchor=f"{subject.prefix}del-{index}",
        number=index,
        picture=_draw(subject, index, one, output),
        picture_size=(round(width * ratio), round(height * ratio)),
        alt=wording.deletion_alt(one, result),
        size=f"{one.mask.bit_count()} of {wording.count(result.mask_model.n_cells, 'patch', 'patches')}",
        probability=wording.probability(one.probability),
        relative=wording.percent(one.relative),
        below=wording.probability(result.necessity.threshold - one.probability),
        verdict=_verdict(one, result),
        hits=wording.hits(one.hits, len(result.search.mses)),
        minimality=wording.minimality(one.minimality),
        cells=wording.cell_list(one.mask, result.mask_model),
    )


def _verdict(one: DeletionSet, result: ImageResult) -> str:
    if one.is_top:
        return "still the most probable class"
    was_top = result.prediction.top[0].index == result.prediction.target
    return "no longer the most probable class" if was_top else "not the most probable class"


def _draw(subject: Subject, index: int, one: DeletionSet, output: Output) -> str:
    """Write the photograph without a deletion set; return its path."""
    inputs, patches = subject.result.inputs, Partition.of(subject.result)
    preprocessing = subject.card.preprocessing
    title = f"Minimal deletion set {index} of {subject.title}"
    alt = wording.deletion_alt(one, subject.result)
    about = about_patches(subject, one.mask, title, alt, f"del-{index}")

    def draw() -> bytes:
        baseline = denormalise(inputs.baseline, preprocessing.mean, preprocessing.std)
        return removed_picture(inputs.view, baseline, one.mask, patches, side=MSE_PX, about=about)

    key = ("removed", inputs, one.mask, patches, preprocessing, MSE_PX, about)
    return output.figure(f"{subject.folder}/removed-{index}.webp", key, draw)


def _theory(result: ImageResult) -> str:
    """Return what follows for a monotone classifier; nothing does if sufficient sets may be broken too."""
    necessity, search = result.necessity, result.search
    if not (necessity.deletion_sets and search.mses) or necessity.threshold > search.threshold:
        return ""
    all_hit = all(one.hits == len(search.mses) for one in necessity.deletion_sets)
    told = "here all do" if all_hit else "here not all do, because removing patches can also raise it"
    return (
        "If removing patches could only lower the probability, every deletion set would share a patch "
        f"with every minimal sufficient explanation; {told}."
    )


def _patch_map(result: ImageResult) -> PatchMap | None:
    """Return the participation of every patch kept by an MSE, or None without MSEs."""
    if not result.search.mses:
        return None
    values = result.necessity.participation.tolist()
    taking_part = [cell for cell, value in enumerate(values) if value > 0]
    partition = Partition.of(result)
    # Outlines of superpixels run along the pixels of the input: whole numbers, which keeps them short.
    size = result.inputs.view.shape[:2] if partition.segments is None else partition.lattice.shape
    height, width = (int(pixels) for pixels in size)
    box = (0.0, 0.0, float(width), float(height))
    cells = []
    for cell in taking_part:
        x, y = partition.middle(cell, box)
        cells.append(
            MapCell(
                path=loops_data(partition.outline(1 << cell, box)),
                value=f"{values[cell]:.3f}",
                text=f"{100 * values[cell]:.0f}",
                x=number(x),
                y=number(y),
            )
        )
    most = max(taking_part, key=lambda cell: (values[cell], -cell))
    alt = (
        f"Map of the {wording.count(len(taking_part), 'patch', 'patches')} that take part in the "
        f"explanations; {wording.cell(most, result.mask_model)} in {wording.percent(values[most])} of them"
    )
    return PatchMap((width, height), number(_FONT * partition.side(box)), alt, tuple(cells))


def _patches(result: ImageResult) -> tuple[PatchRow, ...]:
    """Return a row for each patch of an MSE or a deletion set, those in most MSEs first."""
    necessity = result.necessity
    used = 0
    for mask in (*(one.mask for one in result.search.mses), *(one.mask for one in necessity.deletion_sets)):
        used |= mask
    shares = necessity.participation.tolist()
    return tuple(
        PatchRow(
            name=wording.cell(cell, result.mask_model),
            participation=wording.percent(shares[cell]) if result.search.mses else "–",  # noqa: RUF001
            alone=wording.probability(float(necessity.alone[cell])),
            without=wording.probability(float(necessity.without[cell])),
        )
        for cell in sorted(cells_of(used), key=lambda cell: (-shares[cell], cell))
    )


def _pair(one: Interaction, result: ImageResult) -> PairRow:
    value = wording.signed(one.value)
    meanings = {"+": "more together than apart", "\N{MINUS SIGN}": "less together than apart"}
    return PairRow(
        first=wording.cell(one.first, result.mask_model),
        second=wording.cell(one.second, result.mask_model),
        value=value,
        meaning=meanings.get(value[0], "as much together as apart"),
    )


def _pairs_of(result: ImageResult) -> str:
    """Return which pairs were measured: patches are taken by use, then by what each achieves alone."""
    pairs = result.necessity.interactions
    patches = {cell for one in pairs for cell in (one.first, one.second)}
    chosen = "take part in most MSEs" if result.search.mses else "give the highest probability alone"
    n_pairs = wording.count(len(pairs), "pair")
    return f"{n_pairs} among the {wording.count(len(patches), 'patch', 'patches')} that {chosen}"
