"""How much of the answer hangs on threshold, baseline and chance, on an image page."""

import math

from gallery.records import Agreement, ImageResult, SweepRow
from gallery.render.figures.sweep import sweep_chart
from gallery.render.pages import wording
from gallery.render.pages.answer_parts import AgreementRow, BaselineRow, RobustnessView, SweepLine
from gallery.render.pages.drawing import Subject


def build_robustness(subject: Subject) -> RobustnessView:
    """Draw the threshold sweep and return everything about robustness as text."""
    result, robustness = subject.result, subject.result.robustness
    own = result.search.threshold / result.search.p_full
    same = (row.p_high for row in robustness.sweep if math.isclose(row.p_high, own, rel_tol=1e-6))
    own = next(same, round(own, 6))
    chart = ""
    if any(row.n_mses for row in robustness.sweep):
        chart = sweep_chart(
            robustness.sweep,
            own,
            prefix=f"{subject.prefix}sweep-",
            title=f"Explanations of {subject.title} by threshold",
        )
    return RobustnessView(
        chart=chart,
        sweep=tuple(_sweep_line(row, is_own=row.p_high == own) for row in robustness.sweep),
        own=f"{own:g}",
        baselines=_baselines(result),
        verdict=_verdict(result),
        agreements=tuple(_agreement(one, len(result.search.mses)) for one in robustness.agreements),
    )


def _sweep_line(row: SweepRow, *, is_own: bool) -> SweepLine:
    return SweepLine(
        threshold=f"{row.p_high:g}",
        n_mses=str(row.n_mses),
        smallest=wording.number_or_dash(row.smallest),
        mean_size=wording.number_or_dash(None if row.mean_size is None else f"{row.mean_size:.1f}"),
        is_own=is_own,
    )


def _baselines(result: ImageResult) -> tuple[BaselineRow, ...]:
    """Return the MSEs under their own baseline and under each other one they were tested with."""
    tests, mses = result.robustness.cross_tests, result.search.mses
    if not tests or not mses:
        return ()

    def row(
        baseline: str, probabilities: list[float], p_empty: float, n: int, *, is_own: bool
    ) -> BaselineRow:
        lowest, highest = (wording.probability(p) for p in (min(probabilities), max(probabilities)))
        return BaselineRow(
            baseline=baseline,
            is_own=is_own,
            sufficient=f"{n} of {len(mses)}",
            reach=f"{lowest} to {highest}" if lowest != highest else lowest,
            nothing=wording.probability(p_empty),
        )

    own = [mse.probability for mse in mses]
    p_empty = result.necessity.p_empty
    return (
        row(result.mask_model.baseline, own, p_empty, len(mses), is_own=True),
        *(
            row(test.baseline, list(test.probabilities), test.p_empty, test.n_sufficient, is_own=False)
            for test in tests
        ),
    )


def _verdict(result: ImageResult) -> str:
    """Return how many MSEs survive another baseline, and how many all of them."""
    tests, n_mses = result.robustness.cross_tests, len(result.search.mses)
    if not tests or not n_mses:
        return ""
    threshold = result.search.threshold
    counts = [f"{test.n_sufficient} with the {test.baseline} baseline" for test in tests]
    if len(tests) > 1:
        tested = zip(*(test.probabilities for test in tests), strict=True)
        surviving = sum(all(p >= threshold for p in probabilities) for probabilities in tested)
        counts.append(f"{surviving} with every one of these")
    return f"Still sufficient, of {wording.count(n_mses, 'MSE')}: {', '.join(counts)}."


def _agreement(one: Agreement, n_mses: int) -> AgreementRow:
    return AgreementRow(
        changed=one.changed,
        n_mses=str(one.n_mses),
        smallest=wording.number_or_dash(one.smallest),
        n_same=f"{one.n_same} of {n_mses}",
        similarity=wording.number_or_dash(None if one.similarity is None else f"{one.similarity:.2f}"),
    )
