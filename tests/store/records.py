"""One of every kind of record that is stored or listed in the index."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gallery.pipeline.index import EntryRef, GraphBundle, PromptKeys, ResultKeys, ResultsIndex
from gallery.records import (
    Agreement,
    AttentionGraph,
    Catalogue,
    ClassifierCard,
    Credit,
    CrossTest,
    DeletionSet,
    Explanation,
    Failure,
    GraphLink,
    GraphNode,
    Heatmap,
    ImageCard,
    ImageRecord,
    Interaction,
    LiveCheck,
    LiveModel,
    MaskModel,
    MeasureCard,
    Measurement,
    MethodCard,
    ModelInput,
    Necessity,
    Prediction,
    Preprocessing,
    PromptedMap,
    PromptedMse,
    Prompts,
    Quadrant,
    Question,
    QuestionSet,
    Robustness,
    SearchResult,
    Shares,
    StoredScores,
    SweepRow,
    TopClass,
    WhatIf,
)
from gallery.scoring.tuning import Tuning

HUGE = (1 << 255) | 1
"""A patch set on a 16 x 16 grid."""


def floats(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return distinct float32 numbers."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


MASK_MODEL = MaskModel(rows=16, cols=16, interpolation="nearest", align_corners=True, baseline="mean")
CREDIT = Credit("Ada \N{SNOWMAN}", "CC0-1.0", "https://example.org", "")
PREPROCESSING = Preprocessing((32, 24), None, "bicubic", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
CARD = ClassifierCard(
    "a:b", "a-b", "d" * 64, "A", "a:b", ("x", "y"), PREPROCESSING, "features.3", "MIT", "none", "", 12
)
IMAGE = ImageCard(
    "id", "T", "composite", (4, 6), "e" * 64, "f" * 64, None, CREDIT, (Quadrant(0, 1, "z", None),)
)
HEATMAP = Heatmap(
    "rise", floats(4, 6), floats(2, 3), {"n": 3, "p": 0.5, "s": "", "b": True}, None, 2**60, 7, 0, 0.25
)
EXPLANATION = Explanation(HUGE, 0.5, 0.9, 1e-9, "subset-minimal", is_top=True)
SEARCH = SearchResult(
    "beam", {"w": 3}, 0.7, 0.63, (EXPLANATION,), {0: (), 2: (0,)}, (0,), 3, 99, 9, 1.5, "Stopped."
)
GRAPH = AttentionGraph(
    (GraphNode("n1", HUGE, 0.5, 0.9, is_root=True, is_expanded=False),),
    (GraphLink("n1", "n2", 255, -0.125),),
    3,
    {"p_low": 0.4},
    5,
    0.5,
)
NECESSITY = Necessity(
    0.6,
    (DeletionSet(HUGE, 0.1, 0.2, "1-minimal", is_top=False, hits=2),),
    floats(256),
    floats(256),
    floats(256),
    0.01,
    (Interaction(0, 255, -0.25),),
    {"pairs": 2},
    7,
    0.5,
    "",
)
ROBUSTNESS = Robustness(
    (SweepRow(0.5, 3, 1, 2.5), SweepRow(0.9, 0, None, None)),
    (CrossTest("black", 0.001, (0.5, 0.25), 1),),
    (Agreement("seed = 1", 2, 3, 1, 0.75), Agreement("seed = 2", 0, None, 0, None)),
    {"thresholds": [0.5, 0.9]},
    4,
    0.5,
)
QUESTIONS = QuestionSet((Question("keep", HUGE, 1, 0.5, 0.25),), 2**52, {"n_sets": 3}, 6, 0.5)
WHAT_IF = WhatIf(np.array([[1, 0], [2, 255]], np.uint8), floats(2), 3, {"max_size": 8}, 2, 0.5, "left out")
SCORES = StoredScores(
    np.array([[1, 0], [2, 255]], np.uint8),
    floats(2),
    np.array([True, False]),
    np.array([False, False]),
)
MEASUREMENT = Measurement("deletion", "rise", 0.25, floats(3), floats(3), 3, 0.1)
METHOD = MethodCard("rise", "RISE", "ref", "doc $x$", {"n": 1}, signed=True)
MEASURE = MeasureCard("deletion", "Deletion", "ref", "doc", "area", "lower")
CATALOGUE = Catalogue((CARD,), (METHOD,), (METHOD,), (MEASURE,), {"numpy": "2"}, "cpu")
KEYS = ResultKeys(
    IMAGE,
    "a-b",
    "k1",
    "k2",
    {"rise": "k3"},
    "k4",
    "k5",
    "k7",
    "k8",
    "k9",
    {"rise": {"deletion": "k6"}},
    "k10",
)
PREDICTION = Prediction(1, "y", 0.75, (TopClass(1, "y", 0.75), TopClass(0, "x", 0.25)))
PROMPTS = Prompts(
    floats(4, 6),
    None,
    Shares(0.25, None),
    {"without_needed": PREDICTION, "only_needed": PREDICTION},
    (PromptedMse(Shares(0.5, None), None), PromptedMse(Shares(1.0, None), 0.125)),
    Agreement("without the precluded region", 2, 3, 1, 0.75),
    {"heatmaps": "cams", "search": True},
    7,
    0.5,
    "Out of sight.",
)

RECORDS: Sequence[object] = (
    CREDIT,
    IMAGE,
    ImageRecord("i", "T", "s", np.zeros((2, 3, 3), np.uint8), "d", "s", 3, "cat", CREDIT),
    ImageRecord("i", "T", "s", np.ones((2, 3, 3), np.uint8), "d", "s", "predicted", None, CREDIT),
    CARD,
    MASK_MODEL,
    Prediction(1, "y", 0.75, (TopClass(1, "y", 0.75), TopClass(0, "x", 0.25))),
    ModelInput(np.full((2, 2, 3), 9, np.uint8), floats(1, 3, 2, 2), floats(1, 3, 2, 2)),
    ModelInput(
        np.full((2, 2, 3), 9, np.uint8), floats(1, 3, 2, 2), floats(1, 3, 2, 2), np.eye(2, dtype=np.int16)
    ),
    HEATMAP,
    EXPLANATION,
    SEARCH,
    GRAPH,
    NECESSITY,
    ROBUSTNESS,
    QUESTIONS,
    WHAT_IF,
    SCORES,
    MEASUREMENT,
    Measurement("average_drop", "rise", 0.0, None, None, 1, 0.0),
    METHOD,
    MEASURE,
    Failure("i", "measure", "why"),
    CATALOGUE,
    Tuning("bfloat16", 16, 4, {"float32/4": 10.5}),
    GraphBundle({"0": (0,), "1": ()}, (0,), GRAPH),
    KEYS,
    replace(KEYS, prompted=PromptKeys("k11", "", {"rise": "k12"}, {})),
    PROMPTS,
    replace(PROMPTS, agreement=None, note=""),
    PromptedMap(Shares(None, None), None, None),
    PromptedMap(Shares(0.5, 0.25), Shares(0.75, 0.0), -0.5),
    LiveModel(np.arange(5, dtype=np.uint8), (51, 50.0), {"torch": "2"}),
    LiveCheck(1e-7, 3),
    ResultsIndex(
        "m", CATALOGUE, MASK_MODEL, 2**62, (EntryRef("i", "a-b", "k"),), (Failure("i", "explain", "r"),)
    ),
)
