"""The part of an image page that belongs to one classifier: numbers become text, arrays become figures."""

from collections.abc import Iterable, Mapping, Sequence

from gallery.records import (
    Catalogue,
    Explanation,
    ImageResult,
    MeasureCard,
    MethodCard,
)
from gallery.render.documents.prompts import prompts_forwards
from gallery.render.figures.colormap import colour_bar_css
from gallery.render.figures.curves import Curve, curve_chart, curve_rows
from gallery.render.figures.partition import Partition
from gallery.render.figures.scale import format_number, range_text, scale
from gallery.render.pages import drawing, wording
from gallery.render.pages.answer_parts import MseView
from gallery.render.pages.drawing import Subject
from gallery.render.pages.explore import build_explore
from gallery.render.pages.families import families
from gallery.render.pages.heat_parts import draw_parts
from gallery.render.pages.metrics import image_table
from gallery.render.pages.necessity import build_necessity
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Heat, Link, Term
from gallery.render.pages.paths import classifier_path, measure_path, method_path, search_path
from gallery.render.pages.prompts import build_prompts
from gallery.render.pages.raw_data import write_data
from gallery.render.pages.robustness import build_robustness
from gallery.render.pages.section_parts import CurveView, DiverseRow, FigureView, Section, TopRow


def build_section(
    subject: Subject, catalogue: Catalogue, heats: Mapping[str, Heat], output: Output
) -> Section:
    """Draw everything one classifier contributes to an image page and return its context."""
    result = subject.result
    prediction, search = result.prediction, result.search
    methods = [method for method in catalogue.methods if method.name in result.heatmaps]
    photo, photo_jpeg = drawing.draw_photo(subject, output)
    height, width = result.inputs.view.shape[:2]
    searches = {card.name: card.title for card in catalogue.searches}
    rows = [(Link(method_path(m.name), m.title), result.measurements.get(m.name, {})) for m in methods]
    return Section(
        prefix=subject.prefix,
        classifier=Link(classifier_path(subject.card.slug), subject.card.title, subject.card.id),
        photo=photo,
        photo_jpeg=photo_jpeg,
        photo_size=(width, height),
        photo_alt=wording.photo_alt(result),
        top=tuple(
            TopRow(top.name, top.probability, top.index == prediction.target) for top in prediction.top
        ),
        target=prediction.class_name,
        p_full=wording.probability(prediction.p_full),
        is_right=is_right(result),
        figures=tuple(
            _figure(subject, methods[: i + 1], heats[method.name], output) for i, method in enumerate(methods)
        ),
        search=Link(search_path(search.method), searches.get(search.method, search.method)),
        threshold=wording.probability(search.threshold),
        naming=wording.naming(result.mask_model),
        segment_map=drawing.draw_segment_map(subject, output),
        mses=tuple(_mse(subject, i, mse, output) for i, mse in enumerate(search.mses, 1)),
        note=" ".join(filter(None, (search.note, wording.selectable(result)))),
        certificate=wording.certificate(
            search, nothing_suffices=result.necessity.p_empty >= search.threshold
        ),
        diverse=tuple(
            DiverseRow(
                overlap,
                tuple(Link(f"#{subject.prefix}mse-{i + 1}", f"MSE {i + 1}") for i in search.diverse[overlap]),
            )
            for overlap in sorted(search.diverse)
        ),
        graph=drawing.draw_graph(subject, output),
        explore=build_explore(subject, output),
        necessity=build_necessity(subject, output),
        robustness=build_robustness(subject),
        prompts=build_prompts(subject, methods, heats, output),
        metrics=tuple(image_table(rows, family) for family in families(catalogue.measures)),
        curves=tuple(_curves(subject, methods, catalogue.measures)),
        data=write_data(subject, catalogue, output),
        computed=_computed(subject, catalogue.versions),
    )


def is_right(result: ImageResult) -> bool | None:
    """Return whether the most probable class is the label; None without a label."""
    return None if result.image.label is None else result.prediction.top[0].name == result.image.label


def option_text(options: Mapping[str, object]) -> str:
    """Return options as "name = value" pairs, sorted by name; "none" if there are none."""
    return ", ".join(f"{name} = {option_value(options[name])}" for name in sorted(options)) or "none"


def option_value(value: object) -> str:
    """Return the value of an option; "automatic" for the empty text, which leaves the choice to us."""
    return "automatic" if value == "" else str(value)


def _figure(subject: Subject, methods: Sequence[MethodCard], heat: Heat, output: Output) -> FigureView:
    """Return the figure of the last of ``methods``; the others are those shown before it."""
    *before, method = methods
    heatmap = subject.result.heatmaps[method.name]
    scaled = scale(heatmap.native, signed=method.signed)
    passes = wording.count(heatmap.forwards, "forward")
    if heatmap.backwards:
        passes += ", " + wording.count(heatmap.backwards, "backward")
    facts = [
        Term("Raw range", range_text(scale(heatmap.values, signed=method.signed))),
        Term("Layer", heatmap.layer or "none: uses the output only"),
        Term("Own resolution", f"{heatmap.native.shape[0]} × {heatmap.native.shape[1]}"),  # noqa: RUF001
        Term("Options", option_text(heatmap.options)),
        Term("Seed", "none: nothing is random" if heatmap.seed is None else str(heatmap.seed)),
        Term("Cost", passes),
    ]
    return FigureView(
        anchor=f"{subject.prefix}fig-{method.name}",
        title=method.title,
        link=method_path(method.name),
        heat=heat,
        bar=colour_bar_css(heat.colormap),
        low=format_number(scaled.low),
        high=format_number(scaled.high),
        rule=scaled.rule,
        focus=wording.heatmap_focus(heatmap, Partition.of(subject.result)),
        same_as=next((card.title for card in before if _look_alike(subject, card, method)), ""),
        facts=tuple(facts),
        files=drawing.draw_print_figures(subject, heatmap, method, output),
        parts=draw_parts(subject, heatmap, method, output),
    )


def _look_alike(subject: Subject, one: MethodCard, other: MethodCard) -> bool:
    """Return whether two methods' maps are the same picture: equal to half a grey level after scaling."""
    maps = [subject.result.heatmaps[card.name].native for card in (one, other)]
    if maps[0].shape != maps[1].shape:
        return False
    first, second = (scale(m, signed=c.signed).values for m, c in zip(maps, (one, other), strict=True))
    return bool(abs(first - second).max() < 0.5 / 255)


def _mse(subject: Subject, number: int, explanation: Explanation, output: Output) -> MseView:
    result = subject.result
    side_h, side_w = result.inputs.view.shape[:2]
    n_cells = wording.count(result.mask_model.n_cells, "patch", "patches")
    shorter = drawing.MSE_PX / max(side_h, side_w)
    return MseView(
        anchor=f"{subject.prefix}mse-{number}",
        number=number,
        picture=drawing.draw_mse(subject, number, explanation, output),
        picture_size=(round(side_w * shorter), round(side_h * shorter)),
        alt=wording.mse_alt(explanation, result),
        size=f"{explanation.mask.bit_count()} of {n_cells}",
        probability=wording.probability(explanation.probability),
        relative=wording.percent(explanation.relative),
        margin=f"+{explanation.margin:.3f}",
        minimality=wording.minimality(explanation.minimality),
        cells=wording.cell_list(explanation.mask, result.mask_model),
        is_root=number - 1 in result.search.roots,
        is_smallest=explanation.minimality == "smallest",
        is_top=explanation.is_top,
    )


def _curves(
    subject: Subject, methods: Sequence[MethodCard], measures: Iterable[MeasureCard]
) -> Iterable[CurveView]:
    taken = subject.result.measurements
    for card in measures:
        curves = [
            Curve(method.title, m.x, m.y, m.value)
            for method in methods
            if (m := taken.get(method.name, {}).get(card.name)) is not None
            and m.x is not None
            and m.y is not None
        ]
        if not _tell_anything(curves):
            continue
        header, rows = curve_rows(curves)
        yield CurveView(
            title=card.title,
            link=measure_path(card.name),
            note=f"{card.better} is better",
            svg=curve_chart(
                curves,
                prefix=f"{subject.prefix}curve-{card.name}-",
                title=f"{card.title} curves of {subject.title}",
                x_label=card.x_label,
                y_label=card.y_label,
                value_label="AUC" if "area" in card.unit else "",
            ),
            header=tuple(header),
            rows=tuple(tuple(wording.measure(value) for value in row) for row in rows),
        )


def _tell_anything(curves: Sequence[Curve]) -> bool:
    """Return whether a chart shows more than one level line, which the table says in one number."""
    return len({float(y) for curve in curves for y in curve.y}) > 1


def _computed(subject: Subject, versions: Mapping[str, str]) -> tuple[Term, ...]:
    result, card = subject.result, subject.card
    search = result.search
    total = sum(heatmap.forwards for heatmap in result.heatmaps.values())
    return (
        Term("Classifier", f"{card.id}, SHA-256 {card.digest}"),
        Term("Mask model", wording.grid_text(result.mask_model)),
        Term("Search", f"{search.method}: {option_text(search.options)}"),
        Term("Attention graph", option_text(result.graph.options)),
        Term("Necessity", option_text(result.necessity.options)),
        Term("Robustness", option_text(result.robustness.options)),
        Term("Seed", str(result.seed)),
        Term("Versions", ", ".join(f"{name} {versions[name]}" for name in sorted(versions))),
        Term(
            "Forward passes",
            f"{total} for heatmaps, {search.forwards} for the search of "
            f"{wording.count(search.n_scored, 'patch set')}, {result.graph.forwards} for the graph, "
            f"{result.necessity.forwards} for what is necessary, {result.robustness.forwards} for "
            f"robustness, {result.questions.forwards} for the questions of the quiz"
            + ("" if result.what_if is None else f", {result.what_if.forwards} for further sets to try")
            + (f", {prompts_forwards(result.prompted)} for regions" if result.prompted else ""),
        ),
    )
