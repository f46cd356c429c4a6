"""How many explanations does an image have? Statistics of minimal sufficient explanations over a set.

An image without any MSE counts in every denominator: it is explained by no number of patches, and it has no
explanations. All numbers are of what a search *found*. Where the search of every image is certified up to n
patches (``SearchResult.complete_up_to``), the share of images explained by at most n is exact under this
mask model; elsewhere it is a lower bound, as are the numbers of explanations.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gallery.errors import SurveyError
from gallery.records import Explanation, ImageResult
from gallery.survey.bootstrap import (
    DEFAULT,
    Interval,
    Resampling,
    mean_interval,
    ratio_interval,
    rising,
    share_interval,
    share_intervals,
)


@dataclass(frozen=True)
class ImageFacts:
    """What is kept of one image for the statistics: light, so that results need not stay in memory.

    Attributes:
        image_id: Slug of the image.
        title: Of the image, as printed.
        classifier: Slug of the classifier.
        class_name: Of the target.
        is_right: Whether the most probable class is the label; None without a label.
        p_full: Probability of the target on the whole image.
        threshold: From which a patch set is sufficient.
        n_cells: Patches of the image.
        mses: The MSEs in printed order.
        diverse: Overlap -> indices into ``mses`` of the largest set that pairwise share at most that many.
        roots: Indices into ``mses`` shown as roots of the attention graph.
        complete_up_to: Every MSE of at most this many patches is listed; 0 for no certificate.
        n_scored: Different patch sets scored.
        note: "" or why nothing was found or the search stopped early.
    """

    image_id: str
    title: str
    classifier: str
    class_name: str
    is_right: bool | None
    p_full: float
    threshold: float
    n_cells: int
    mses: tuple[Explanation, ...]
    diverse: Mapping[int, tuple[int, ...]]
    roots: tuple[int, ...]
    complete_up_to: int
    n_scored: int
    note: str

    @property
    def sizes(self) -> tuple[int, ...]:
        """Patches in each MSE, in printed order."""
        return tuple(mse.mask.bit_count() for mse in self.mses)

    @property
    def smallest(self) -> int | None:
        """Patches in the smallest MSE, or None."""
        return min(self.sizes, default=None)

    @property
    def stopped_early(self) -> bool:
        """Whether the search says that it stopped early or found nothing; then there may be more."""
        return bool(self.note)

    def n_diverse(self, overlap: int) -> int:
        """Return how many MSEs pairwise share at most ``overlap`` patches.

        Raises:
            SurveyError: If this was not computed.
        """
        if self.mses and overlap not in self.diverse:
            raise SurveyError(
                f"{self.image_id} ({self.classifier}): no diverse selection for overlap {overlap}; "
                "explain the set again."
            )
        return len(self.diverse.get(overlap, ()))


@dataclass(frozen=True)
class SharePoint:
    """One point of the curve "share of images explained by at most n patches".

    Attributes:
        n_patches: n.
        n_images: Images with an MSE of at most n patches.
        share: Of all images.
        is_exact: Whether the searches are certified so far, for every image not explained yet; if not, the
            share is a lower bound.
    """

    n_patches: int
    n_images: int
    share: Interval
    is_exact: bool


@dataclass(frozen=True)
class Bin:
    """How often a whole number occurs."""

    value: int
    count: int


@dataclass(frozen=True)
class Distribution:
    """A whole number per image or per MSE.

    Attributes:
        mean: With its interval over images.
        bins: Every number from the least to the greatest, also those that do not occur; empty without any.
    """

    mean: Interval
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class ExplanationSurvey:
    """The explanations of a set of images under one classifier.

    Attributes:
        classifier: Slug; "" without images.
        n_images: All of them.
        n_explained: With at least one MSE.
        n_stopped: Whose search says that it stopped early or found nothing.
        complete_up_to: Patches up to which every search is certified.
        explained: Share of images with at least one MSE.
        curve: Share explained by at most n patches, n = 1, 2, ... (from 0 if the baseline alone suffices).
        sizes: Patches per MSE, over all MSEs.
        smallest: Patches in the smallest MSE, over the images that have one.
        n_mses: MSEs per image, over all images.
        n_diverse: Overlap -> MSEs per image that pairwise share at most that many patches, over all images.
    """

    classifier: str
    n_images: int
    n_explained: int
    n_stopped: int
    complete_up_to: int
    explained: Interval
    curve: tuple[SharePoint, ...]
    sizes: Distribution
    smallest: Distribution
    n_mses: Distribution
    n_diverse: Mapping[int, Distribution]


def facts_of(result: ImageResult) -> ImageFacts:
    """Return what the statistics need of one result."""
    search, label = result.search, result.image.label
    return ImageFacts(
        image_id=result.image.id,
        title=result.image.title,
        classifier=result.classifier,
        class_name=result.prediction.class_name,
        is_right=None if label is None else result.prediction.top[0].name == label,
        p_full=search.p_full,
        threshold=search.threshold,
        n_cells=result.mask_model.n_cells,
        mses=search.mses,
        diverse={overlap: search.diverse[overlap] for overlap in sorted(search.diverse)},
        roots=search.roots,
        complete_up_to=search.complete_up_to,
        n_scored=search.n_scored,
        note=search.note,
    )


def survey(
    facts: Sequence[ImageFacts], *, up_to: int | None = None, resampling: Resampling = DEFAULT
) -> ExplanationSurvey:
    """Return the statistics of one classifier.

    Args:
        facts: Of different images under the same classifier, gone through some ten times; may be empty.
        up_to: Last n of the curve, to give several classifiers the same axis; at least ``largest_size``,
            which is the default.
        resampling: How intervals are computed.

    Raises:
        SurveyError: If an image occurs twice, classifiers are mixed, ``up_to`` is too small, or an image
            lacks a diverse selection others have.
    """
    classifier = one_classifier((one.classifier, one.image_id) for one in facts)
    overlaps = sorted({overlap for one in facts for overlap in one.diverse})
    sizes = [one.sizes for one in facts]
    explained = [found for found in sizes if found]
    return ExplanationSurvey(
        classifier=classifier,
        n_images=len(facts),
        n_explained=len(explained),
        n_stopped=sum(one.stopped_early for one in facts),
        complete_up_to=min((one.complete_up_to for one in facts), default=0),
        explained=share_interval([bool(found) for found in sizes], resampling),
        curve=_curve(facts, up_to, resampling),
        sizes=Distribution(
            ratio_interval(
                [sum(found) for found in explained], [len(found) for found in explained], resampling
            ),
            _bins(size for found in explained for size in found),
        ),
        smallest=_distribution([min(found) for found in explained], resampling),
        n_mses=_distribution([len(found) for found in sizes], resampling),
        n_diverse={
            overlap: _distribution([one.n_diverse(overlap) for one in facts], resampling)
            for overlap in overlaps
        },
    )


def largest_size(facts: Iterable[ImageFacts]) -> int:
    """Return the number of patches in the largest MSE of all, at least 1."""
    return max((size for one in facts for size in one.sizes), default=1) or 1


def one_classifier(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the classifier of (classifier, image id) pairs, "" without pairs.

    Raises:
        SurveyError: If there are several classifiers, or the same image twice.
    """
    listed = list(pairs)
    classifiers = list(dict.fromkeys(classifier for classifier, _ in listed))
    if len(classifiers) > 1:
        raise SurveyError(
            f"results of {', '.join(classifiers)} are mixed; summarise one classifier at a time."
        )
    twice = [image_id for image_id, times in Counter(image_id for _, image_id in listed).items() if times > 1]
    if twice:
        raise SurveyError(f"{twice[0]} ({classifiers[0]}) is listed twice; summarise each image once.")
    return classifiers[0] if classifiers else ""


def _curve(facts: Sequence[ImageFacts], up_to: int | None, resampling: Resampling) -> tuple[SharePoint, ...]:
    largest = largest_size(facts)
    last = largest if up_to is None else up_to
    if last < largest:
        raise SurveyError(f"up_to is {last}, but an explanation has {largest} patches; give at least that.")
    if not facts:
        return ()
    never = last + 1
    smallest = np.array([never if one.smallest is None else one.smallest for one in facts])
    certified = np.array([one.complete_up_to for one in facts])
    steps = np.arange(min(1, int(smallest.min())), last + 1)
    is_explained = smallest[:, None] <= steps
    shares = rising(share_intervals(is_explained, resampling))
    is_settled = is_explained | (certified[:, None] >= steps)
    return tuple(
        SharePoint(int(n), int(is_explained[:, i].sum()), shares[i], bool(is_settled[:, i].all()))
        for i, n in enumerate(steps)
    )


def _distribution(values: Sequence[int], resampling: Resampling) -> Distribution:
    return Distribution(mean_interval(values, resampling), _bins(values))


def _bins(values: Iterable[int]) -> tuple[Bin, ...]:
    counts = Counter(values)
    if not counts:
        return ()
    return tuple(Bin(value, counts[value]) for value in range(min(counts), max(counts) + 1))
