"""What an explaining run produced, so that pages are made without torch and without the photographs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gallery.config import SetSettings, WhatIfSettings
from gallery.errors import StoreError
from gallery.pipeline.workspace import Workspace
from gallery.records import (
    AttentionGraph,
    Catalogue,
    Failure,
    Heatmap,
    ImageCard,
    ImageResult,
    MaskModel,
    Measurement,
    ModelInput,
    Necessity,
    Prediction,
    QuestionSet,
    Robustness,
    SearchResult,
    WhatIf,
)
from gallery.store.codec import decode, encode
from gallery.store.keys import canonical_json
from gallery.store.store import RecordT, write_atomic

PRESENTATION = {"title", "description", "authors", "version", "date", "url"}
"""Settings that only pages depend on."""


@dataclass(frozen=True)
class GraphBundle:
    """What is stored for an attention graph: the selections it starts from, and itself.

    Attributes:
        diverse: Overlap -> indices of the MSEs chosen.
        roots: Indices of the MSEs shown as roots.
        graph: The graph.
    """

    diverse: Mapping[str, tuple[int, ...]]
    roots: tuple[int, ...]
    graph: AttentionGraph


@dataclass(frozen=True)
class ResultKeys:
    """Where the results of one image under one classifier are stored; fields as in ImageResult.

    ``what_if`` is "" if the set wants none, or the index is older than them.
    """

    image: ImageCard
    classifier: str
    inputs: str
    prediction: str
    heatmaps: Mapping[str, str]
    search: str
    graph: str
    necessity: str
    robustness: str
    questions: str
    measurements: Mapping[str, Mapping[str, str]]
    what_if: str = ""


@dataclass(frozen=True)
class ResultsIndex:
    """Everything a run produced.

    Attributes:
        made_by: Digest of the settings that results depend on.
        catalogue: What pages say that is not about one image.
        mask_model: How patches were removed.
        seed: The set's seed.
        entries: Results by image, then by classifier, in the set's order.
        failures: Images that could not be finished.
    """

    made_by: str
    catalogue: Catalogue
    mask_model: MaskModel
    seed: int
    entries: tuple[ResultKeys, ...]
    failures: tuple[Failure, ...]


def settings_digest(settings: SetSettings) -> str:
    """Return the SHA-256 hex of the settings results depend on.

    ``[what_if]`` only counts where it differs from its defaults: results of versions that did not know it
    are still shown.
    """
    left_out = PRESENTATION | ({"what_if"} if settings.what_if == WhatIfSettings() else set())
    text = canonical_json(settings.model_dump(mode="json", exclude=left_out))
    return hashlib.sha256(text.encode()).hexdigest()


def save_index(index: ResultsIndex, workspace: Workspace) -> None:
    """Write the index of a finished run."""
    value, _ = encode(index)
    write_atomic(workspace.index, (json.dumps(value, indent=1) + "\n").encode())


def load_index(workspace: Workspace, settings: SetSettings) -> ResultsIndex:
    """Read the index of the last run.

    Raises:
        StoreError: If there is none, or it belongs to other settings.
    """
    remedy = "Run `gallery measure` (or `gallery build`, which does all) for this set first."
    try:
        stored = json.loads(workspace.index.read_bytes())
        for entry in stored["entries"]:
            entry.setdefault("what_if", "")
        index = decode(ResultsIndex, stored, {})
    except FileNotFoundError:
        raise StoreError(f"{workspace.index}: no results yet. {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError) as error:
        raise StoreError(f"{workspace.index}: damaged ({error}). {remedy}") from error
    if index.made_by != settings_digest(settings):
        raise StoreError(f"{workspace.index}: the results belong to other settings. {remedy}")
    return index


def load_results(index: ResultsIndex, workspace: Workspace) -> Iterator[ImageResult]:
    """Yield the results of every entry, one at a time.

    Raises:
        StoreError: If a result is missing or damaged.
    """
    for entry in index.entries:
        yield _load(entry, index, workspace)


def _load(entry: ResultKeys, index: ResultsIndex, workspace: Workspace) -> ImageResult:
    def get(kind: str, key: str, record: type[RecordT]) -> RecordT:
        result = workspace.store.get_by_key(kind, key, record)
        if result is None:
            raise StoreError(
                f"{workspace.store.path(kind, key)}: a result of image {entry.image.id!r} is missing or "
                "damaged. Run `gallery build` again; it computes just what is missing."
            )
        return result

    bundle = get("graph", entry.graph, GraphBundle)
    found = get("search", entry.search, SearchResult)
    diverse = {int(t): indices for t, indices in bundle.diverse.items()}
    search = replace(found, diverse=diverse, roots=bundle.roots)
    inputs = get("inputs", entry.inputs, ModelInput)
    return ImageResult(
        image=entry.image,
        classifier=entry.classifier,
        mask_model=index.mask_model.of(inputs.segments),
        inputs=inputs,
        prediction=get("prediction", entry.prediction, Prediction),
        heatmaps={name: get("heatmap", key, Heatmap) for name, key in entry.heatmaps.items()},
        search=search,
        graph=bundle.graph,
        necessity=get("necessity", entry.necessity, Necessity),
        robustness=get("robustness", entry.robustness, Robustness),
        questions=get("questions", entry.questions, QuestionSet),
        measurements={
            method: {name: get("measurement", key, Measurement) for name, key in measures.items()}
            for method, measures in entry.measurements.items()
        },
        seed=index.seed,
        what_if=get("what_if", entry.what_if, WhatIf) if entry.what_if else None,
    )
