"""The picture that link previews of an image page show."""

from gallery.records import MethodCard
from gallery.render.figures.heat import overlay
from gallery.render.figures.social import social_card
from gallery.render.pages.drawing import Subject, figure_facts
from gallery.render.pages.output import Output
from gallery.render.pages.wording import one_line, probability


def draw_preview(subject: Subject, methods: tuple[MethodCard, ...], output: Output) -> str:
    """Write the picture link previews show; return its path."""
    result = subject.result
    chosen = [method for method in methods if method.name in result.heatmaps][:3]
    maps = [result.heatmaps[method.name].values for method in chosen]
    view = result.inputs.view
    prediction, facts = result.prediction, figure_facts(subject)
    subtitle = f"{one_line(prediction.class_name)}, p = {probability(prediction.p_full)}"

    def draw() -> bytes:
        overlays = [
            (method.title, overlay(view, values, signed=method.signed))
            for method, values in zip(chosen, maps, strict=True)
        ]
        return social_card(view, overlays, title=subject.title, subtitle=subtitle, facts=facts)

    key = (
        "social",
        view,
        maps,
        [(method.title, method.signed) for method in chosen],
        subject.title,
        subtitle,
        facts,
    )
    return output.figure(f"{subject.folder}/card.png", key, draw)
