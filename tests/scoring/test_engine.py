"""The scoring engine: right scores, each once, the same in every company, exact where it matters."""

import random
from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
import torchvision
from torch import Tensor, nn

from gallery.classifier.load import load_classifier
from gallery.errors import ShapeError
from gallery.explain.graphs.attention_graph import attention_graph
from gallery.explain.search._base import Found, Verdicts
from gallery.explain.search.beam import beam
from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import AttentionGraph, MaskModel
from gallery.scoring.engine import Engine, Scorer
from gallery.scoring.table import LEAST_DOUBT
from tests import toy

SIZE = (24, 32)


def counting(seed: int = 0, *, scale: float = 0.02) -> toy.Toy:
    weights = torch.randn(SIZE, generator=torch.Generator().manual_seed(seed)) * scale
    return toy.toy(toy.Evidence(weights, offset=0.2), SIZE)


def engine_of(
    classifier: toy.Toy, precision: str = "float32", batch: int = 4, exact_batch: int = 4
) -> Engine:
    return Engine(classifier, toy.tuning(precision, batch, exact_batch))  # type: ignore[arg-type]


def images_passed(engine: Engine) -> int:
    """Return how many images the engine's networks have seen, padding included."""
    networks = {id(m): m for m in (engine._exact, engine._screen)}.values()
    return sum(network.images for network in networks)  # type: ignore[misc]


def masks_of(n_cells: int, n: int, seed: int = 0) -> list[int]:
    draw = random.Random(seed)
    return [0, (1 << n_cells) - 1, *(draw.getrandbits(n_cells) for _ in range(n))]


def oracle(
    classifier: toy.Toy, image: Tensor, baseline: Tensor, model: MaskModel, mask: int, target: int
) -> float:
    """Return the probability in float64, by interpolating the grid."""
    grid = torch.tensor([float(mask >> i & 1) for i in range(model.n_cells)], dtype=torch.float64)
    keep = F.interpolate(grid.reshape(1, 1, model.rows, model.cols), SIZE, mode="bilinear")
    x = image.double() * keep + baseline.double() * (1 - keep)
    network = toy.Evidence(classifier.module.weights.double(), offset=0.2)  # type: ignore[arg-type]
    return float(network(x).softmax(dim=1)[0, target])


@pytest.mark.parametrize("grid", [(7, 7), (3, 5), (16, 16), (1, 1)])
@pytest.mark.parametrize("target", [0, 1])
def test_scores_equal_a_float64_pass_over_the_interpolated_grid(grid: tuple[int, int], target: int) -> None:
    classifier, model = counting(), MaskModel(*grid)
    image, baseline = toy.image_of(SIZE), toy.image_of(SIZE, seed=9)
    scorer = engine_of(classifier).scorer(toy.inputs_of(image, baseline), target, model)
    masks = masks_of(model.n_cells, 9)
    expected = [oracle(classifier, image, baseline, model, m, target) for m in masks]
    assert scorer.score(masks, exact=False) == pytest.approx(expected, abs=1e-5)


def test_keeping_everything_is_the_image_and_nothing_the_baseline() -> None:
    classifier = counting()
    engine = engine_of(classifier)
    image, baseline = toy.image_of(SIZE), toy.image_of(SIZE, seed=9)
    scorer = engine.scorer(toy.inputs_of(image, baseline), 0, MaskModel(3, 4))
    whole, nothing = (float(engine.probabilities(x, exact=True)[0, 0]) for x in (image, baseline))
    assert scorer.score([(1 << 12) - 1, 0], exact=True) == pytest.approx([whole, nothing], abs=1e-6)


def convolutional(seed: int = 1) -> Engine:
    return Engine(toy.toy(toy.TwoConv(seed), SIZE), toy.tuning())


def residual() -> Engine:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = torchvision.models.resnet18(weights=None)
    return Engine(toy.toy(module, SIZE), toy.tuning())


def embedded() -> Engine:
    return Engine(load_classifier("embedded:efficientnet_lite0", device="cpu"), toy.tuning())


@pytest.mark.parametrize(
    ("make", "size", "grid"),
    [
        (convolutional, SIZE, (7, 7)),
        (convolutional, SIZE, (16, 16)),
        (residual, (64, 96), (5, 3)),
        (embedded, (224, 224), (7, 7)),
    ],
)
def test_alone_in_a_batch_and_in_any_order_the_bits_are_the_same(
    make: Callable[[], Engine], size: tuple[int, int], grid: tuple[int, int]
) -> None:
    model = MaskModel(*grid)
    engine, inputs = make(), toy.inputs_of(toy.image_of(size))
    masks = masks_of(model.n_cells, 5)
    together = engine.scorer(inputs, 1, model).score(masks, exact=True)
    alone = [engine.scorer(inputs, 1, model).score([m], exact=True)[0] for m in masks]
    backwards = engine.scorer(inputs, 1, model).score(masks[::-1], exact=True)[::-1]
    assert together == alone == backwards


def test_no_mask_is_scored_twice_and_forwards_are_counted() -> None:
    engine = engine_of(counting())
    scorer = engine.scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MaskModel())
    first = scorer.score([1, 2, 3, 1, 2], exact=False)
    assert (scorer.forwards, engine.n_forwards, images_passed(engine)) == (3, 3, 4)
    assert scorer.score([2, 1], exact=True) == [first[1], first[0]]
    assert (scorer.forwards, engine.n_forwards, images_passed(engine)) == (3, 3, 4)
    scorer.score([3, 4, 5, 6, 7, 8], exact=True)
    assert (scorer.forwards, engine.n_forwards, images_passed(engine)) == (8, 8, 12)
    assert scorer.score([], exact=True) == []


def test_one_scorer_in_two_requests_scores_a_mask_once() -> None:
    engine = engine_of(counting())
    scorer = engine.scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MaskModel())
    answers = engine.answer([(scorer, ScoreRequest([1, 2])), (scorer, ScoreRequest([2, 3]))])
    assert answers[0][1] == answers[1][0]
    assert scorer.forwards == 3


def test_batches_are_filled_across_images() -> None:
    engine = engine_of(counting())
    scorers = [engine.scorer(toy.inputs_of(toy.image_of(SIZE, seed)), 0, MaskModel()) for seed in range(4)]
    engine.answer([(scorer, ScoreRequest([7])) for scorer in scorers])
    assert images_passed(engine) == 4


def test_different_grids_and_targets_share_an_engine() -> None:
    classifier = counting()
    engine, image = engine_of(classifier), toy.image_of(SIZE)
    models = [(MaskModel(7, 7), 0), (MaskModel(3, 5), 1), (MaskModel(7, 7), 1)]
    scorers = [engine.scorer(toy.inputs_of(image), target, model) for model, target in models]
    answers = engine.answer([(scorer, ScoreRequest([0b1011])) for scorer in scorers])
    expected = [oracle(classifier, image, torch.zeros_like(image), m, 0b1011, t) for m, t in models]
    assert [answer[0] for answer in answers] == pytest.approx(expected, abs=1e-6)


def test_a_mask_beyond_the_grid_is_refused() -> None:
    scorer = engine_of(counting()).scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MaskModel(2, 2))
    with pytest.raises(ShapeError, match="does not fit a grid of 4 patches"):
        scorer.score([16], exact=True)


def test_soft_masks_agree_with_bit_masks() -> None:
    model = MaskModel(4, 4)
    engine, image, baseline = convolutional(), toy.image_of(SIZE), toy.image_of(SIZE, seed=3)
    scorer = engine.scorer(toy.inputs_of(image, baseline), 2, model)
    masks = masks_of(16, 9)
    cells = torch.tensor([[float(m >> i & 1) for i in range(16)] for m in masks]).reshape(-1, 1, 4, 4)
    keep = F.interpolate(cells, SIZE, mode="bilinear")[:, 0]
    soft = scorer.score_soft(keep, exact=True)
    assert (soft.shape, soft.dtype, soft.device.type) == ((11,), torch.float32, "cpu")
    assert soft.tolist() == pytest.approx(scorer.score(masks, exact=True), abs=1e-6)
    assert scorer.forwards == 22, "soft masks are not cached"


def test_soft_masks_may_use_another_baseline() -> None:
    scorer = engine_of(counting()).scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MaskModel())
    other = toy.image_of(SIZE, seed=4)
    nothing = torch.zeros(1, *SIZE)
    expected = scorer._engine.probabilities(other, exact=True)[0, 0]
    assert float(scorer.score_soft(nothing, exact=True, baseline=other)[0]) == float(expected)


def steps_of(masks: Sequence[int], rounds: int) -> ScoreSteps[list[float]]:
    """Ask for masks round by round, each round depending on the scores of the one before."""
    seen: list[float] = []
    masks = list(masks)
    for _ in range(rounds):
        scores = yield ScoreRequest(masks, exact=False, threshold=0.5)
        seen += scores
        masks = [(m * 3 + int(s * 1000)) % (1 << 49) for m, s in zip(masks, scores, strict=True)][1:] or [1]
    return seen


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_lock_step_equals_one_at_a_time(precision: str) -> None:
    classifier = toy.toy(toy.TwoConv(), SIZE)
    images = [toy.inputs_of(toy.image_of(SIZE, seed)) for seed in range(5)]

    def jobs(engine: Engine) -> list[tuple[Scorer, ScoreSteps[list[float]]]]:
        return [
            (engine.scorer(x, i % 3, MaskModel()), steps_of([i + 1, 99, 12345], i))
            for i, x in enumerate(images)
        ]

    engine = engine_of(classifier, precision, batch=8)
    together = engine.run(jobs(engine))
    alone = [engine.run([job])[0] for job in jobs(engine)]
    assert together == alone
    assert [len(result) for result in together] == [0, 3, 5, 6, 7]
    assert engine.run([]) == []


def test_searches_in_lock_step_equal_searches_alone() -> None:
    classifier = toy.toy(toy.TwoConv(), SIZE)
    engine = engine_of(classifier)
    inputs = [toy.inputs_of(toy.image_of(SIZE, seed)) for seed in range(3)]

    def jobs() -> list[tuple[Scorer, ScoreSteps[object]]]:
        return [(engine.scorer(x, 0, MaskModel(3, 3)), beam(9, 0.4, n_random=5)) for x in inputs]

    assert engine.run(jobs()) == [engine.run([job])[0] for job in jobs()]


# --- screening in a faster precision ---------------------------------------------------------------------


class Coarse(nn.Module):
    """Adds a fixed error to the log-odds in bfloat16, so that screening is wrong on purpose."""

    def __init__(self, error: float) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (a, 0), a = mean of the image, plus the error in bfloat16."""
        a = x.float().mean(dim=(1, 2, 3))
        if x.dtype == torch.bfloat16:
            a = a + self.error
        return torch.stack([a, torch.zeros_like(a)], dim=1)


def coarse(error: float) -> Scorer:
    """Return a scorer whose log-odds are the number of kept cells of a 1 x 8 grid minus 4."""
    engine = Engine(toy.toy(Coarse(error), (4, 8)), toy.tuning("bfloat16", 8))
    image, baseline = torch.full((1, 3, 4, 8), 4.0), torch.full((1, 3, 4, 8), -4.0)
    return engine.scorer(toy.inputs_of(image, baseline), 0, MaskModel(1, 8, interpolation="nearest"))


def test_far_from_the_threshold_screening_decides() -> None:
    scorer = coarse(0.1)
    assert scorer.score([0b1], exact=False, threshold=toy.sigmoid(2.0)) == pytest.approx(
        [toy.sigmoid(-2.9)], rel=1e-5
    )
    assert (scorer.forwards, scorer.table.exact) == (1, {})


def test_near_the_threshold_the_verdict_is_float32() -> None:
    scorer = coarse(0.2)
    threshold = toy.sigmoid(
        0.1
    )  # four cells have log-odds 0: screening says 0.2, sufficient; float32 does not
    (score,) = scorer.score([0b1111], exact=False, threshold=threshold)
    assert score == pytest.approx(0.5)
    assert score < threshold
    assert scorer.forwards == 2


def test_exact_scores_do_not_depend_on_screening() -> None:
    scorer = coarse(3.0)
    screened = scorer.score([0b111], exact=False)
    assert screened == pytest.approx([toy.sigmoid(2.0)], rel=1e-5)
    assert scorer.score([0b111], exact=True) == pytest.approx([toy.sigmoid(-1.0)], rel=1e-5)
    assert scorer.score([0b111], exact=False) == pytest.approx([toy.sigmoid(-1.0)], rel=1e-5), (
        "the best known"
    )


def test_doubt_widens_with_the_errors_seen_and_takes_in_more_masks() -> None:
    scorer = coarse(1.1)
    assert scorer.table.doubt == LEAST_DOUBT
    # 3 cells are screened at log-odds 0.1, near the threshold, and turn out to be at -1. Doubt becomes 2.2,
    # which takes in 1 to 5 cells, screened at -1.9 to 2.1.
    scores = scorer.score([0b1, 0b11, 0b111, 0b1111, 0b11111, 0b1111111], exact=False, threshold=0.5)
    assert scorer.table.doubt == pytest.approx(2.2, rel=1e-4)
    assert sorted(scorer.table.exact) == [0b1, 0b11, 0b111, 0b1111, 0b11111]
    assert scores == pytest.approx([toy.sigmoid(a) for a in (-3, -2, -1, 0, 1, 4.1)], rel=1e-4)


def test_without_a_threshold_nothing_is_scored_again() -> None:
    scorer = coarse(1.0)
    scorer.score([0b111, 0b1111], exact=False)
    assert scorer.table.exact == {}


def test_verdicts_through_bfloat16_equal_float32_verdicts() -> None:
    classifier = toy.toy(toy.TwoConv(), SIZE)
    inputs = toy.inputs_of(toy.image_of(SIZE))
    masks = masks_of(49, 60)
    exact = engine_of(classifier).scorer(inputs, 0, MaskModel()).score(masks, exact=True)
    threshold = sorted(exact)[30]
    scorer = engine_of(classifier, "bfloat16", batch=8).scorer(inputs, 0, MaskModel())
    screened = scorer.score(masks, exact=False, threshold=threshold)
    assert [s >= threshold for s in screened] == [s >= threshold for s in exact]


# --- what may go wrong -----------------------------------------------------------------------------------


def test_a_search_that_raises_ends_the_run() -> None:
    def broken() -> ScoreSteps[None]:
        yield from Verdicts(0.5).ask([1])
        raise ValueError("no luck")

    engine = engine_of(counting())
    scorer = engine.scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MaskModel())
    with pytest.raises(ValueError, match="no luck"):
        engine.run([(scorer, broken())])


@pytest.mark.gpu
def test_cuda_gives_the_same_scores_and_verdicts() -> None:
    inputs, masks = toy.inputs_of(toy.image_of(SIZE)), masks_of(49, 40)
    here = engine_of(toy.toy(toy.TwoConv(), SIZE)).scorer(inputs, 0, MaskModel()).score(masks, exact=True)
    there = toy.Toy(toy.card(SIZE), toy.TwoConv().eval().cuda(), "cuda")
    for precision in ("float32", "bfloat16"):
        engine = engine_of(there, precision, batch=64, exact_batch=64)
        scorer = engine.scorer(inputs, 0, MaskModel())
        threshold = sorted(here)[20] - 1e-6
        assert scorer.score(masks, exact=True) == pytest.approx(here, abs=1e-5)
        fresh = engine.scorer(inputs, 0, MaskModel())
        assert [s >= threshold for s in fresh.score(masks, exact=False, threshold=threshold)] == [
            s >= threshold for s in here
        ]
        alone = [engine.scorer(inputs, 0, MaskModel()).score([m], exact=True)[0] for m in masks]
        assert alone == scorer.score(masks, exact=True)


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_a_search_and_its_graph_do_not_depend_on_the_batch_size(batch: int) -> None:
    def result(size: int) -> tuple[Found, AttentionGraph]:
        engine = Engine(toy.toy(toy.TwoConv(), SIZE), toy.tuning(batch=size))
        model = MaskModel(3, 4)
        scorer = engine.scorer(toy.inputs_of(toy.image_of(SIZE), toy.image_of(SIZE, seed=9)), 3, model)
        p_full, p_baseline = scorer.score([model.full, 0], exact=True)
        # The toy's probabilities differ little from mask to mask: the threshold lies between its two ends.
        (found,) = engine.run([(scorer, beam(model.n_cells, p_baseline + 0.8 * (p_full - p_baseline)))])
        masks = [one.mask for one in found.sets[:3]]
        (graph,) = engine.run([(scorer, attention_graph(masks, p_full))])
        return found, graph

    assert result(4)[0].sets
    assert result(batch) == result(4)
