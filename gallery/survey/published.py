"""Numbers that authors publish about their methods, to be read beside ours and never mixed with them.

Other photographs, other classifiers, other protocols: **none of these numbers can be compared with a number
of this gallery.** They show what was claimed, and in which order the methods stood. Only numbers that we
have seen in a source of the authors themselves are here; each table says which.

``CLAIMS`` are the orders that these tables report and that can be looked for in a set of one's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["poster", "article", "code"]
"""Where the numbers stand: the authors' poster, their article, or results saved with their code."""

DELETION, INSERTION = "igos_deletion", "igos_insertion"


@dataclass(frozen=True)
class PublishedRow:
    """One line of a published table: name as printed there, our registered name (or ""), and the numbers."""

    title: str
    method: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class PublishedTable:
    """A table as its authors publish it.

    Attributes:
        id: Names it in addresses and files.
        title: What it is about.
        source: Authors, work, table.
        kind: Where the numbers stand.
        dataset: Photographs, as far as published.
        classifier: As far as published.
        protocol: As far as published; what is not known is said.
        columns: Heads of the columns.
        measures: Registered names of measures of the same kind (not of the same protocol), of any column.
        rows: Methods.
        remark: Ours, or "".
    """

    id: str
    title: str
    source: str
    kind: Kind
    dataset: str
    classifier: str
    protocol: str
    columns: tuple[str, ...]
    measures: tuple[str, ...]
    rows: tuple[PublishedRow, ...]
    remark: str = ""


@dataclass(frozen=True)
class Claim:
    """An order that a published table reports: ``first`` is better than ``second``.

    Attributes:
        first: Registered name of the method reported as better.
        second: Of the other.
        measures: Registered names of the measures on which it can be looked for; those whose protocol
            differs from the source's stand last.
        table: ``PublishedTable.id``.
        where: Which numbers say so.
    """

    first: str
    second: str
    measures: tuple[str, ...]
    table: str
    where: str


def _rows(text: str) -> tuple[PublishedRow, ...]:
    """Return the rows of a table written as "title | registered name | number number ..." lines."""
    rows = []
    for line in text.strip().splitlines():
        title, method, values = (part.strip() for part in line.split("|"))
        rows.append(PublishedRow(title, method, tuple(values.split())))
    return tuple(rows)


_POSTER = "Khorram, Lawson and Li, iGOS++, authors' poster at ACM CHIL 2021 (arXiv:2012.15783)"
_POSTER_PROTOCOL = (
    "Deletion (lower is better) and insertion (higher is better) of the authors; which version of their "
    "evaluation code made the numbers is not known"
)
_SIZES = tuple(f"{name} at {side}" for side in (224, 28, 7) for name in ("deletion", "insertion"))

IGOS_COMPARISON = PublishedTable(
    id="igos-plus-plus",
    title="iGOS++ beside other methods",
    source=f"{_POSTER}, Table 1",
    kind="poster",
    dataset="ImageNet",
    classifier="ResNet-50",
    protocol=f"{_POSTER_PROTOCOL}. Columns: mask resolution",
    columns=_SIZES,
    measures=(DELETION, INSERTION),
    rows=_rows(
        """
        Grad-CAM | grad_cam | - - - - 0.1675 0.6521
        Integrated gradients | integrated_gradients | 0.0907 0.2921 - - - -
        RISE | rise | 0.1196 0.5637 - - - -
        Mask (Fong and Vedaldi) | | 0.0468 0.4962 0.1151 0.5559 0.2259 0.6003
        I-GOS | igos | 0.0420 0.5846 0.1059 0.5986 0.1607 0.6632
        iGOS++ | igos_plus_plus | 0.0328 0.7261 0.0929 0.7284 0.1810 0.7332
        """
    ),
)
IGOS_ABLATION = PublishedTable(
    id="igos-plus-plus-ablation",
    title="What each part of iGOS++ adds",
    source=f"{_POSTER}, Table 2",
    kind="poster",
    dataset="ImageNet",
    classifier="ResNet-50",
    protocol=f"{_POSTER_PROTOCOL}. Columns: mask resolution",
    columns=_SIZES[:4],
    measures=(DELETION, INSERTION),
    rows=_rows(
        """
        I-GOS | igos | 0.0420 0.5846 0.1059 0.5986
        Insertion loss only | | 0.0760 0.6192 0.1321 0.7231
        I-GOS with insertion, one mask | | 0.0322 0.6175 0.2037 0.5103
        iGOS++ without noise | | 0.0490 0.5943 0.0904 0.7108
        iGOS++ with a fixed step | | 0.0332 0.5695 0.1052 0.7060
        iGOS++ without bilateral total variation | | 0.0245 0.6742 0.0813 0.6825
        iGOS++ | igos_plus_plus | 0.0328 0.7261 0.0929 0.7284
        """
    ),
)
IGOS_MASKS = PublishedTable(
    id="igos-plus-plus-masks",
    title="The two masks of iGOS++ and their product",
    source=f"{_POSTER}, Table 3",
    kind="poster",
    dataset="ImageNet",
    classifier="ResNet-50",
    protocol=f"{_POSTER_PROTOCOL}. Columns: mask resolution",
    columns=_SIZES[:4],
    measures=(DELETION, INSERTION),
    rows=_rows(
        """
        Deletion mask | | 0.0268 0.5008 0.1011 0.5536
        Insertion mask | | 0.0594 0.7184 0.1788 0.6912
        Product of both | igos_plus_plus | 0.0328 0.7261 0.0929 0.7332
        """
    ),
    remark=(
        "The insertion of the product at 28 differs from the 0.7284 of the other two tables; 0.7332 is their "
        "value at 7, so it may be a slip."
    ),
)
ATTENTION_GUIDED = PublishedTable(
    id="attention-map-guided",
    title="Attention map-guided explanations beside the CAM family",
    source="An and Joe, Attention Map-Guided Visual Explanations, Applied Sciences 12, 3846, 2022",
    kind="article",
    dataset="Not established",
    classifier="ResNet-50, GoogLeNet and VGG-19 are used; which ones the table covers is not established",
    protocol=(
        "Average drop (lower is better) and percent increase (higher is better) in percent; 'percentage' "
        "(higher is better) at the stated share of pixels, whose definition is not established"
    ),
    columns=(
        "average drop, %", "percent increase, %", "percentage at 5 %",
        *(f"at {share} %" for share in (10, 20, 25, 50)),
    ),
    measures=("average_drop", "increase_in_confidence", "percentage"),
    rows=_rows(
        """
        Grad-CAM | grad_cam | 45.27 23.06 0.2846 0.3954 4.5524 6.6328 8.9952
        Grad-CAM++ | grad_cam_plus_plus | 44.35 23.15 0.2715 0.3841 4.5001 7.1551 8.9876
        SmoothGrad-CAM++ | smoothgrad_cam_plus_plus | 44.82 23.75 0.4997 0.7814 4.8335 6.7879 8.7792
        XGrad-CAM | xgrad_cam | 46.33 22.15 0.2915 0.4521 4.7527 7.6782 8.6304
        The authors' method | attention_guided_cam | 42.52 25.35 1.0229 1.2898 5.5308 9.5161 11.5334
        """
    ),
    remark=(
        "The article's exact attention module is not public; our method of that name is our reading of it."
    ),
)  # fmt: skip
RISE_NOTEBOOK = PublishedTable(
    id="rise-notebook",
    title="RISE, as evaluated by its authors' notebook",
    source="Petsiuk, Das and Saenko, RISE, saved output of the official Evaluation.ipynb (arXiv:1806.07421)",
    kind="code",
    dataset="ImageNet validation, two batches of 5,000 images",
    classifier="ResNet-50",
    protocol=(
        "1,792 pixels per step, grey for deletion (lower is better), blur of 11 pixels and sigma 5 for "
        "insertion (higher is better), trapezoid rule"
    ),
    columns=("deletion", "insertion"),
    measures=("deletion", "insertion"),
    rows=_rows(
        """
        RISE, both batches | rise | 0.1048 0.7719
        RISE, first batch | rise | 0.1024 0.7654
        RISE, second batch | rise | 0.1073 0.7784
        """
    ),
    remark=(
        "The poster of iGOS++ measures RISE with another protocol and finds 0.1196 and 0.5637: the two "
        "protocols are not comparable."
    ),
)
TABLES = (IGOS_COMPARISON, IGOS_ABLATION, IGOS_MASKS, ATTENTION_GUIDED, RISE_NOTEBOOK)

_CAMS = ("grad_cam", "grad_cam_plus_plus", "smoothgrad_cam_plus_plus", "xgrad_cam")
CLAIMS = (
    Claim("igos_plus_plus", "igos", (INSERTION, "insertion"), IGOS_COMPARISON.id, "at 224, 28 and 7"),
    Claim("igos", "grad_cam", (INSERTION, "insertion"), IGOS_COMPARISON.id, "at 7"),
    Claim("igos_plus_plus", "grad_cam", (INSERTION, "insertion"), IGOS_COMPARISON.id, "at 7"),
    Claim("igos_plus_plus", "igos", (DELETION, "deletion"), IGOS_COMPARISON.id, "at 224 and 28; not at 7"),
    Claim("igos", "grad_cam", (DELETION, "deletion"), IGOS_COMPARISON.id, "at 7"),
    *(
        Claim("attention_guided_cam", other, (measure,), ATTENTION_GUIDED.id, "the only such numbers")
        for measure in ("average_drop", "increase_in_confidence")
        for other in _CAMS
    ),
)


def tables_about(*, method: str = "", measure: str = "") -> tuple[PublishedTable, ...]:
    """Return the tables with numbers of a method, or of a kind of measure."""
    return tuple(
        table
        for table in TABLES
        if (method and any(row.method == method for row in table.rows))
        or (measure and measure in table.measures)
    )


def table_of(claim: Claim) -> PublishedTable:
    """Return the table a claim comes from."""
    return next(table for table in TABLES if table.id == claim.table)


def claims_within(methods: Sequence[str], measures: Sequence[str]) -> list[tuple[Claim, str]]:
    """Return the claims that can be looked for among these methods and measures, each with its measure."""
    return [
        (claim, measure)
        for claim in CLAIMS
        if claim.first in methods and claim.second in methods
        for measure in claim.measures
        if measure in measures
    ]
