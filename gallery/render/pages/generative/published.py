"""What the authors and two public reproductions report, each with its source; none can be set beside ours.

Liu et al., arXiv:1911.07389. The tables of AUROC and IoU in that paper are not here: we could not obtain
them. What is here was read off a figure by others, or computed by us from files that others publish.
"""

from gallery.render.pages.generative.parts import Finding, Reported, ReportedRow

PAPER_STEPS = 300_000
"""Steps of every training in the paper and in the reproductions."""
_FIGURE = "Liu et al., figure 8, values read off the plot by the FACT group’s reproduction; approximate"  # noqa: RUF001
_BRONGERS = (
    "reproduction by Brongers et al. (FrankBrongers/Reproducing_expVAE): 300,000 steps, 3 seeds, last step; "
    "means and population standard deviations computed by us from the results in its repository"
)


def _rows(model: str, values: str, accuracies: str, errors: str) -> list[ReportedRow]:
    """Return one row per value of a weight; the columns are given as words."""
    columns = zip(values.split(), accuracies.split(), errors.split(), strict=True)
    return [ReportedRow(f"{model} {value}", accuracy, error) for value, accuracy, error in columns]


REPORTED = (
    Reported(
        "dSprites, the figure of the paper",
        _FIGURE,
        (
            *_rows("beta-VAE, beta", "1 2 4 6 8 16", "0.69 0.685 0.73 0.70 0.625 0.68", "20 30 42 58 60 111"),
            *_rows("FactorVAE, gamma", "10 20 30 40 100", "0.75 0.77 0.78 0.825 0.70", "38 39 40 40 37"),
            *_rows("AD-FactorVAE, gamma", "10 20 30 40", "0.90 0.89 0.895 0.91", "38 39.5 40 40"),
        ),
    ),
    Reported(
        "dSprites, one reproduction, gamma 40",
        _BRONGERS,
        (
            ReportedRow("FactorVAE", "0.805 ± 0.048", "36.1"),
            ReportedRow("AD-FactorVAE, lambda 1", "0.820 ± 0.022", "–"),  # noqa: RUF001
            ReportedRow("AD-FactorVAE, lambda 1, attention of the third convolution", "0.823 ± 0.017", "–"),  # noqa: RUF001
            ReportedRow("AD-FactorVAE, lambda 20", "0.838 ± 0.024", "–"),  # noqa: RUF001
            ReportedRow("AD-FactorVAE, lambda 40", "0.854 ± 0.005", "30.0"),
            ReportedRow("AD-FactorVAE, lambda 80", "0.817 ± 0.015", "–"),  # noqa: RUF001
        ),
    ),
    Reported(
        "dSprites, another reproduction",
        "runs of the FACT group’s reproduction",  # noqa: RUF001
        tuple(_rows("FactorVAE, gamma", "10 20 30 40 50", "0.804 0.823 0.704 0.786 0.762", "– – – – –")),  # noqa: RUF001
    ),
)
"""Majority-vote accuracy and error of reconstruction on dSprites."""

_REPORT = "report of a public reproduction"
FINDINGS = (
    Finding("MNIST, one digit as normal", "reproduced, judged by eye", _REPORT),
    Finding(
        "UCSD Ped1",
        "attention did worse than the error of its own reconstructions",
        _REPORT,
    ),
    Finding("MVTec-AD", "the claim to be state of the art was not supported", _REPORT),
    Finding(
        "dSprites", "the attention loss disentangled better than without, but less than claimed", _REPORT
    ),
)
"""Findings in words."""
