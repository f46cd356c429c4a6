"""Tables of pages as LaTeX files for download."""

from collections.abc import Iterable

from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link, MetricCell, MetricTable
from gallery.render.pages.set_parts import DataTable
from gallery.render.pages.summary import SetSummary
from gallery.survey.latex import TexTable, latex_text

CSV, LATEX = "CSV", "LaTeX"


def csv_link(name: str) -> Link:
    """Return the link to a CSV file of the results."""
    return Link(f"results/{name}.csv", CSV)


def write_csv(output: Output, name: str, lines: Iterable[str]) -> Link:
    """Write the lines of a CSV table and return its link."""
    link = csv_link(name)
    output.write_all(link.path, (line.encode() for line in lines))
    return link


def metric_tex(found: SetSummary, output: Output, name: str, caption: str, table: MetricTable) -> Link:
    """Write a table of measurements as LaTeX and return its link."""
    head = tuple(_aside(" ".join(filter(None, (c.link.title, c.arrow))), c.scale) for c in table.columns)
    rows = [
        (
            (_aside(row.link.title, row.link.note), False),
            *((_aside(_noted(cell), cell.spread), cell.is_best) for cell in row.cells),
        )
        for row in table.rows
    ]
    if table.foot:
        rows.append(tuple((text, False) for text in table.foot))
    units = "; ".join(dict.fromkeys(f"{one.link.title}: {one.unit}" for one in table.columns if one.unit))
    notes = "; ".join(f"[{letter}] {note}" for letter, note in table.notes)
    whole = ". ".join(filter(None, (caption, units, notes)))
    return _write(found, output, name, TexTable(whole, f"tab:{name}", ("", *head), tuple(rows)))


def data_tex(found: SetSummary, output: Output, name: str, table: DataTable) -> Link:
    """Write a table of texts as LaTeX and return its link."""
    rows = tuple(tuple((text, False) for text in row) for row in table.rows)
    return _write(found, output, name, TexTable(table.caption, f"tab:{name}", table.header, rows))


def _noted(cell: MetricCell) -> str:
    return f"{cell.text} [{cell.note}]" if cell.note else cell.text


def _aside(text: str, aside: str) -> str:
    return f"{text} ({aside})" if aside else text


def _write(found: SetSummary, output: Output, name: str, table: TexTable) -> Link:
    settings = found.settings
    comment = " ".join(f"From: {settings.title} {settings.url}".split())
    path = f"results/{name}.tex"
    output.write(path, latex_text(table, comment).encode("utf-8", "replace"))
    return Link(path, LATEX)
