"""Numbers that authors publish, as pages show them: on their own, with their source, never beside ours."""

from collections.abc import Sequence

from gallery.render.pages.exports import data_tex, write_csv
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Term
from gallery.render.pages.set_charts import NONE
from gallery.render.pages.set_parts import DataTable, PublishedView
from gallery.render.pages.summary import SetSummary
from gallery.survey.comparison_tables import published_csv
from gallery.survey.published import PublishedTable

_KINDS = {"poster": "authors’ poster", "article": "authors’ article", "code": "saved with the authors’ code"}  # noqa: RUF001


def published_views(
    tables: Sequence[PublishedTable], found: SetSummary, output: Output
) -> tuple[PublishedView, ...]:
    """Return published tables for a page, and write them for download."""
    return tuple(_view(table, found, output) for table in tables)


def _view(table: PublishedTable, found: SetSummary, output: Output) -> PublishedView:
    rows = tuple(
        (row.title, *(NONE if value == "-" else value for value in row.values)) for row in table.rows
    )
    about = f"images: {table.dataset}; classifier: {table.classifier}"
    caption = f"{table.title}, as published by the authors ({about}); not comparable with this gallery"
    data = DataTable(caption, ("As printed there", *table.columns), rows)
    name = f"published-{table.id}"
    return PublishedView(
        anchor=name,
        title=table.title,
        facts=(
            Term("Source", f"{table.source} ({_KINDS[table.kind]})"),
            Term("Images", table.dataset),
            Term("Classifier", table.classifier),
            Term("Protocol", table.protocol),
        ),
        table=data,
        remark=table.remark,
        files=(write_csv(output, name, published_csv(table)), data_tex(found, output, name, data)),
    )
