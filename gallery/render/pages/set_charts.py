"""What the pages of statistics share: intervals as text and dots, ticks, and tables as files."""

from collections.abc import Iterable, Mapping
from math import ceil

from gallery.render.figures.dots import Dot
from gallery.render.pages.exports import write_csv
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link
from gallery.render.pages.summary import SetSummary
from gallery.survey.bootstrap import Interval, Resampling

NONE = "–"  # noqa: RUF001


def resampling(found: SetSummary) -> Resampling:
    """Return how intervals are computed."""
    return found.resampling


def write_tables(output: Output, files: Mapping[str, tuple[Iterable[str], str]]) -> tuple[Link, ...]:
    """Write tables, name -> lines of CSV and what it holds, and return links to them."""
    return tuple(
        Link(write_csv(output, name, lines).path, f"{name}.csv", note)
        for name, (lines, note) in files.items()
    )


def interval_text(interval: Interval, *, digits: int = 2, signed: bool = False) -> str:
    """Return a number with its interval: "0.62 (0.51 to 0.73)"; "–" without a number."""
    if interval.value is None:
        return NONE

    def text(value: float) -> str:
        rounded = round(value, digits) + 0.0  # no minus zero
        return f"{rounded:{'+' if signed else ''}.{digits}f}".replace("-", "\N{MINUS SIGN}")

    if interval.low is None or interval.high is None:
        return text(interval.value)
    return f"{text(interval.value)} ({text(interval.low)} to {text(interval.high)})"


def as_dot(label: str, interval: Interval, series: int, *, digits: int = 2, signed: bool = False) -> Dot:
    """Return a number with its interval as one row of a dot chart."""
    text = interval_text(interval, digits=digits, signed=signed)
    return Dot(label, interval.value, interval.low, interval.high, text, series)


def round_ticks(reach: float) -> tuple[float, ...]:
    """Return four to six ticks from 0 to at least ``reach``, with few digits."""
    size = 1.0
    while True:
        for step in (0.25, 0.5, 1.0, 2.0, 2.5, 5.0):
            if step * size * 5 >= reach:
                return tuple(step * size * i for i in range(max(3, ceil(reach / (step * size))) + 1))
        size *= 10


def signed_ticks(reach: float) -> tuple[float, ...]:
    """Return five ticks about 0 that reach at least ``reach`` on either side, at most 1."""
    end = next((end for end in (0.1, 0.2, 0.4, 0.6) if end >= reach), 1.0)
    return (-end, -end / 2, 0.0, end / 2, end)
