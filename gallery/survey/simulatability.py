r"""Can an explanation predict the classifier?

**This is not a human study.** It is a benchmark computed from stored numbers, in the spirit of the
comparative counterfactual questions of the SAG paper's user study (Shitole et al., One Explanation is Not
Enough, NeurIPS 2021, arXiv:2011.06733). What people would answer with the same pictures in front of them is
not known from it; the quiz page lets a reader try.

**The question.** Two sets of equally many patches are drawn. Which one, when it is removed from the image
(kind *remove*) or when nothing else is kept (kind *keep*), leaves the classifier less confident in the
explained class? The right answer is the set with the lower measured probability $p$. Pairs whose
probabilities are too close to matter are not asked (option `least_difference`), so accuracies are not those
of arbitrary pairs.

**What an answerer sees.** The two sets and its own explanation, made before the question was drawn; never
the probabilities asked about. No kept set asked about is a node of the attention graph or a minimal
sufficient explanation (MSE): the answer would stand there to be read, so such a question is refused, for
all answerers alike. A right answer scores 1, a wrong one 0, none ½ (what a guess is worth on average). If
the two measured probabilities are equal, everyone gets ½.

**The rules** are the same for all images and fitted to none:

- *Heatmap*: the raw attribution is summed over the patches of each set, signs included, each pixel counted
  in the patch it is drawn in (one that a border crosses is divided). Removing the set with the **larger** sum
  is said to hurt more; keeping the set with the **smaller** sum is said to leave less. Equal sums: no answer.
- *SAG*: let $K$ be the patches that stay: the set itself for *keep*, all others for *remove*.
    1. If a node $N$ of the graph lies within $K$, then $K$ contains what gave $p(N)$. The predicted
       confidence is the largest $p(N)$ over all nodes $N \subseteq K$, or 0 if there is none. The set with
       the lower prediction is the answer.
    2. If this ties (mostly because neither $K$ contains a node), the roots decide. A root $R$ kept in part
       is taken to leave $p(R) \cdot \sum_{c \in R \cap K} d_c \, / \sum_{c \in R} d_c$, where $d_c$ is the
       drop printed at the link that takes patch $c$ away from the root (where no such link is drawn, the
       mean of those drawn; if none is, all alike). The largest of these values decide; if they are equal,
       the second largest, and so on. Still equal, or no graph: no answer.
- *MSEs*: the same two rules with the list of all MSEs and their confidences and nothing else: nodes and roots
  are the MSEs, and all patches of one weigh alike. The difference to the SAG is what its inner nodes and
  drops tell, against the MSEs it does not show.
- *Random*: a fair coin, ½ expected at every question.

Two numbers that differ by less than $10^{-9}$ of their size count as equal. The rules for SAG and MSEs read
the classifier as if keeping more patches could only help. It is not so, and rule 2 is an interpolation;
where they mislead, accuracy falls, as it should.

**Numbers.** Accuracy is points over questions. Intervals are 95 % bootstrap intervals over *images*, because
the questions of one image stand or fall together. "SAG ahead by" is the paired difference to another
answerer over the same questions; where its interval contains 0, neither is better on this evidence. The
intervals are not corrected for the number of answerers compared. An image without MSEs has no graph to show:
its SAG and MSE answers are all ½, and it counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SurveyError
from gallery.records import ImageResult, Question
from gallery.survey.answerers import (
    Answerer,
    cell_sums,
    heatmap_answerer,
    kept_set,
    mse_answerer,
    sag_answerer,
)
from gallery.survey.bootstrap import DEFAULT, Interval, Resampling, ratio_intervals
from gallery.survey.explanations import one_classifier

Float64 = NDArray[np.float64]
SAG, MSES, RANDOM = "sag", "mses", "random"
"""Names of the answerers that are no heatmap; heatmaps answer under their method's name."""
Kind = Literal["keep", "remove", "all"]
KINDS: tuple[Kind, ...] = ("keep", "remove", "all")


@dataclass(frozen=True)
class ImageAnswers:
    """The questions about one image and what every answerer scored; light enough to be kept in memory.

    Attributes:
        image_id: Slug of the image.
        title: Of the image, as printed.
        classifier: Slug of the classifier.
        questions: In the order asked.
        credits: Answerer -> points per question, each 0, 0.5 or 1.
        has_graph: Whether there is an attention graph to answer from.
    """

    image_id: str
    title: str
    classifier: str
    questions: tuple[Question, ...]
    credits: Mapping[str, tuple[float, ...]]
    has_graph: bool

    def of(self, answerer: str, kind: Kind) -> tuple[float, ...]:
        """Return an answerer's points at the questions of one kind, or at all."""
        pairs = zip(self.questions, self.credits[answerer], strict=True)
        return tuple(points for question, points in pairs if kind in (question.kind, "all"))


@dataclass(frozen=True)
class AccuracyRow:
    """How well one answerer did at one kind of question.

    Attributes:
        answerer: Name of a heatmap method, or one of ``SAG``, ``MSES``, ``RANDOM``.
        kind: "keep", "remove" or "all".
        accuracy: Points over questions; ``n`` counts images.
        n_questions: Questions answered.
        n_undecided: Of these, worth ½ a point: left without an answer, or without a right one.
        sag_lead: Accuracy of the SAG minus this one's over the images both answered; None for the SAG.
    """

    answerer: str
    kind: Kind
    accuracy: Interval
    n_questions: int
    n_undecided: int
    sag_lead: Interval | None


@dataclass(frozen=True)
class AccuracyTable:
    """The benchmark under one classifier.

    Attributes:
        classifier: Slug; "" without images.
        rows: Heatmaps as first met, then MSEs, SAG and random; for each, the kinds in the order of ``KINDS``.
        n_images: Images about which something was asked.
        n_without_graph: Of these, without an attention graph.
    """

    classifier: str
    rows: tuple[AccuracyRow, ...]
    n_images: int
    n_without_graph: int

    @property
    def answerers(self) -> tuple[str, ...]:
        """Every answerer once, in the order of the rows."""
        return tuple(dict.fromkeys(row.answerer for row in self.rows))

    def row(self, answerer: str, kind: Kind) -> AccuracyRow:
        """Return one row.

        Raises:
            SurveyError: If there is none.
        """
        for row in self.rows:
            if (row.answerer, row.kind) == (answerer, kind):
                return row
        raise SurveyError(f"no accuracy of {answerer!r} at {kind!r} questions; known: {self.answerers}.")


def answer(question: Question, answerer: Answerer) -> float:
    """Return the points for one question: 1 right, 0 wrong, 0.5 no answer or no right answer."""
    said = answerer(question)
    if said == "neither" or question.p_first == question.p_second:
        return 0.5
    lower = "first" if question.p_first < question.p_second else "second"
    return 1.0 if said == lower else 0.0


def answers_of(result: ImageResult) -> ImageAnswers:
    """Return every answerer's points at the questions about one image.

    Raises:
        SurveyError: If an explanation shows the answer to a question, a set asked about does not fit the
            patches, or a heatmap method has the name of another answerer.
        ShapeError: If a heatmap or the superpixels do not fit.
    """
    require_held_out(result)
    full, model, segments = result.mask_model.full, result.mask_model, result.inputs.segments
    answerers: dict[str, Answerer] = {}
    for method, heatmap in result.heatmaps.items():
        if method in (SAG, MSES, RANDOM):
            raise SurveyError(f"the heatmap method {method!r} has the name of another answerer; rename it.")
        answerers[method] = heatmap_answerer(cell_sums(heatmap.values, model, segments))
    answerers[MSES] = mse_answerer(result.search.mses, full)
    answerers[SAG] = sag_answerer(result.graph, full)
    answerers[RANDOM] = lambda _: "neither"
    questions = result.questions.questions
    return ImageAnswers(
        image_id=result.image.id,
        title=result.image.title,
        classifier=result.classifier,
        questions=questions,
        credits={name: tuple(answer(q, one) for q in questions) for name, one in answerers.items()},
        has_graph=bool(result.graph.nodes),
    )


def require_held_out(result: ImageResult) -> None:
    """Check that no explanation shows the confidence of a set asked about.

    Raises:
        SurveyError: If what a question keeps is a node of the attention graph or an MSE, or a set asked about
            has patches the image does not have.
    """
    full = result.mask_model.full
    shown = {node.mask for node in result.graph.nodes} | {mse.mask for mse in result.search.mses}
    for number, question in enumerate(result.questions.questions, start=1):
        where = f"{result.image.id} ({result.classifier}), question {number}"
        for mask in (question.first, question.second):
            if not 0 <= mask <= full:
                raise SurveyError(f"{where}: patch set {mask:#x} does not fit {full.bit_length()} patches.")
            if kept_set(question, mask, full) in shown:
                raise SurveyError(
                    f"{where}: the patches kept ({question.kind} {mask:#x}) are a node of the attention "
                    "graph or an explanation, which shows the answer; draw the questions again."
                )


def accuracy(answers: Sequence[ImageAnswers], resampling: Resampling = DEFAULT) -> AccuracyTable:
    """Return the accuracy of every answerer under one classifier.

    Args:
        answers: Of different images under the same classifier, gone through four times; may be empty.
        resampling: How intervals are computed.

    Raises:
        SurveyError: If an image occurs twice or classifiers are mixed.
    """
    classifier = one_classifier((one.classifier, one.image_id) for one in answers)
    names = list(dict.fromkeys(name for one in answers if one.questions for name in one.credits))
    heatmaps = [name for name in names if name not in (MSES, SAG, RANDOM)]
    ordered = [*heatmaps, *(name for name in (MSES, SAG, RANDOM) if name in names)]
    scores = [_score(one, ordered) for one in answers if one.questions]
    table = np.array(scores, dtype=np.float64).reshape(len(scores), 3, len(ordered) * len(KINDS))
    return AccuracyTable(
        classifier=classifier,
        rows=_rows(table, ordered, resampling),
        n_images=len(scores),
        n_without_graph=sum(not one.has_graph for one in answers if one.questions),
    )


def _score(one: ImageAnswers, answerers: Sequence[str]) -> Float64:
    """Return points, questions and undecided ones of every answerer and kind, (3, k); 0 without answers."""
    taken = [one.of(name, kind) if name in one.credits else () for name in answerers for kind in KINDS]
    rows = ([sum(points) for points in taken], list(map(len, taken)), [p.count(0.5) for p in taken])
    return np.array(rows, dtype=np.float64)


def _rows(table: Float64, answerers: Sequence[str], resampling: Resampling) -> tuple[AccuracyRow, ...]:
    """Return the rows of (n, 3, k) points, questions and undecided ones of n images."""
    points, questions, undecided = table.transpose(1, 0, 2)
    sag = [len(KINDS) * answerers.index(SAG) + i for i in range(len(KINDS))] if SAG in answerers else []
    beside = [column for _ in answerers for column in sag]  # of every column, that of the SAG
    both = np.where(questions == questions[:, beside], questions, 0.0) if sag else np.zeros_like(questions)
    ahead = np.where(both > 0, points[:, beside] - points, 0.0) if sag else np.zeros_like(points)
    accuracies, leads = (
        ratio_intervals(points, questions, resampling),
        ratio_intervals(ahead, both, resampling),
    )
    columns = [(name, kind) for name in answerers for kind in KINDS]
    return tuple(
        AccuracyRow(
            answerer=name,
            kind=kind,
            accuracy=accuracies[i],
            n_questions=int(questions[:, i].sum()),
            n_undecided=int(undecided[:, i].sum()),
            sag_lead=None if name == SAG else leads[i],
        )
        for i, (name, kind) in enumerate(columns)
    )
