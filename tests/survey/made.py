"""Results made up for tests: small images, explanations, graphs and questions with known answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gallery.records import (
    AttentionGraph,
    Credit,
    Explanation,
    Float32,
    GraphLink,
    GraphNode,
    Heatmap,
    ImageCard,
    ImageResult,
    MaskModel,
    ModelInput,
    Necessity,
    Prediction,
    Question,
    QuestionSet,
    Robustness,
    SearchResult,
    TopClass,
    mask_of,
)

MODEL = MaskModel(rows=2, cols=3)
"""Six patches: 0 1 2 in the top row, 3 4 5 below."""
SHAPE = (4, 6)
TOP = (TopClass(3, "tabby", 0.8), TopClass(1, "lynx", 0.1))


def mse(*cells: int, p: float = 0.75) -> Explanation:
    """Return an MSE of these patches."""
    return Explanation(mask_of(cells), p, p / 0.8, p - 0.72, "1-minimal", is_top=True)


def graph_of(
    nodes: Mapping[tuple[int, ...], float], roots: Sequence[tuple[int, ...]] = (), *, linked: bool = True
) -> AttentionGraph:
    """Return a graph of patches -> probability, every pair that differs by one patch linked."""
    made = tuple(
        GraphNode(f"n{mask_of(cells):x}", mask_of(cells), p, p / 0.8, cells in roots, is_expanded=linked)
        for cells, p in nodes.items()
    )
    links = tuple(
        GraphLink(
            one.id, other.id, (one.mask & ~other.mask).bit_length() - 1, one.probability - other.probability
        )
        for one in made
        for other in made
        if linked and other.mask & one.mask == other.mask and (one.mask & ~other.mask).bit_count() == 1
    )
    return AttentionGraph(made, links, 0, {}, 0, 0.0)


def keep(first: Sequence[int], second: Sequence[int], p: tuple[float, float] = (0.1, 0.2)) -> Question:
    """Return a question about keeping."""
    return Question("keep", mask_of(first), mask_of(second), *p)


def remove(first: Sequence[int], second: Sequence[int], p: tuple[float, float] = (0.1, 0.2)) -> Question:
    """Return a question about removing."""
    return Question("remove", mask_of(first), mask_of(second), *p)


def heatmap(method: str, cells: Sequence[float]) -> Heatmap:
    """Return a map that is constant in each of the six patches, ``cells`` in all."""
    native = np.array(cells, dtype=np.float32).reshape(2, 3)
    return Heatmap(
        method, np.kron(native / 4, np.ones((2, 2), np.float32)), native, {}, None, None, 0, 0, 0.0
    )


def result(
    *,
    image_id: str = "cat",
    title: str = "A cat",
    mses: Sequence[Explanation] = (),
    graph: AttentionGraph | None = None,
    heatmaps: Sequence[Heatmap] = (),
    questions: Sequence[Question] = (),
    label: str | None = "tabby",
) -> ImageResult:
    """Return a result on the six-patch image."""
    credit = Credit("Ada", "CC0-1.0")
    tensor: Float32 = np.zeros((1, 3, *SHAPE), np.float32)
    zeros: Float32 = np.zeros(MODEL.n_cells, np.float32)
    listed = tuple(mses)
    return ImageResult(
        image=ImageCard(image_id, title, "file:x", SHAPE, "d" * 64, "s" * 64, label, credit),
        classifier="toy",
        mask_model=MODEL,
        inputs=ModelInput(np.zeros((*SHAPE, 3), np.uint8), tensor, tensor),
        prediction=Prediction(3, "tabby", 0.8, TOP),
        heatmaps={one.method: one for one in heatmaps},
        search=SearchResult(
            "beam",
            {},
            0.8,
            0.72,
            listed,
            {0: (0,) * bool(listed), 1: tuple(range(len(listed)))},
            (),
            2,
            9,
            9,
            0.0,
        ),
        graph=graph if graph is not None else AttentionGraph((), (), 0, {}, 0, 0.0),
        necessity=Necessity(0.72, (), zeros, zeros, zeros, 0.0, (), {}, 0, 0.0),
        robustness=Robustness((), (), (), {}, 0, 0.0),
        questions=QuestionSet(tuple(questions), 0, {}, 0, 0.0),
        measurements={},
        seed=0,
    )


def with_superpixels(made: ImageResult, segments: Sequence[Sequence[int]]) -> ImageResult:
    """Return the result with superpixels instead of the grid."""
    model = MaskModel(partition="slic", n_segments=MODEL.n_cells)
    inputs = replace(made.inputs, segments=np.array(segments, dtype=np.int16))
    return replace(made, mask_model=model, inputs=inputs)
