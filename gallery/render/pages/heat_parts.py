"""Maps that a method's map is the mean of, such as one per attention head, drawn small below it."""

import numpy as np

from gallery.records import Float32, Heatmap, MethodCard
from gallery.render.figures.colormap import default_for
from gallery.render.figures.heat import grey_png
from gallery.render.pages import wording
from gallery.render.pages.drawing import Subject
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Heat


def draw_parts(subject: Subject, heatmap: Heatmap, method: MethodCard, output: Output) -> tuple[Heat, ...]:
    """Write the grey map of every part of a heatmap; return how to show them, in order."""
    return tuple(
        Heat(
            path=output.figure(
                f"{subject.folder}/heat-{method.name}-{i}.png",
                ("heat", part.native, method.signed),
                lambda native=part.native: grey_png(native, signed=method.signed),  # type: ignore[misc]
            ),
            colormap=default_for(signed=method.signed),
            alt=f"{part.name.capitalize()}: strongest at {_peak(part.native)}.",
            size=(part.native.shape[1], part.native.shape[0]),
            signed=method.signed,
        )
        for i, part in enumerate(heatmap.parts)
    )


def _peak(native: Float32) -> str:
    """Return where the largest value is, in words."""
    row, column = np.unravel_index(int(np.argmax(native)), native.shape)
    across, down = (int(column) + 0.5) / native.shape[1], (int(row) + 0.5) / native.shape[0]
    return f"{wording.percent(across)} of the width, {wording.percent(down)} of the height"
