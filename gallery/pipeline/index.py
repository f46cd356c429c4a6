"""What an explaining run produced, so that pages are made without torch and without the photographs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gallery.config import PromptSettings, SetSettings, WhatIfSettings
from gallery.errors import StoreError
from gallery.pipeline.shard import Shard
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
    Prompted,
    PromptedMap,
    Prompts,
    QuestionSet,
    Robustness,
    SearchResult,
    WhatIf,
)
from gallery.store.codec import LATER, decode, encode
from gallery.store.keys import canonical_json, result_key
from gallery.store.store import RecordT, Store, write_atomic

ENTRY = "entry"
"""Kind under which ``ResultKeys`` are stored."""
SHARD = "shard"
"""Kind under which the index of a shard is stored."""
PRESENTATION = {"title", "description", "authors", "version", "date", "url", "live", "live_runtime"}
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
class PromptKeys:
    """Where the results of an image with needed or precluded regions are stored.

    Attributes:
        prompts: What the regions do to prediction and explanations.
        search: Explanations without the precluded region; "" if there is to be no such search.
        maps: Method -> its map and the regions.
        heatmaps: Method -> its map without the precluded region, where it is to be made.
    """

    prompts: str
    search: str
    maps: Mapping[str, str]
    heatmaps: Mapping[str, str]


@dataclass(frozen=True)
class ResultKeys:
    """Where the results of one image under one classifier are stored; fields as in ImageResult.

    ``what_if`` is "" if the set wants none, or the index is older than them; ``prompted`` is None if nothing
    is needed or precluded.
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
    prompted: PromptKeys | None = field(default=None, metadata=LATER)


@dataclass(frozen=True)
class EntryRef:
    """Where the ``ResultKeys`` of one image under one classifier are stored: all that a run keeps in memory.

    Attributes:
        image: Id of the image.
        classifier: Slug of the classifier.
        key: Of the stored keys; "" where a run measured nothing, which stores none.
    """

    image: str
    classifier: str
    key: str


@dataclass(frozen=True)
class ResultsIndex:
    """Everything a run produced.

    Attributes:
        made_by: Digest of the settings that results depend on.
        catalogue: What pages say that is not about one image.
        mask_model: How patches were removed.
        seed: The set's seed.
        entries: Where results are, by image, then by classifier, in the set's order.
        failures: Images that could not be finished.
    """

    made_by: str
    catalogue: Catalogue
    mask_model: MaskModel
    seed: int
    entries: tuple[EntryRef, ...]
    failures: tuple[Failure, ...]


def settings_digest(settings: SetSettings) -> str:
    """Return the SHA-256 hex of the settings results depend on.

    What came later, ``[what_if]``, ``[prompts]``, ``[concepts]``, ``[vae]``, ``needed`` and ``precluded``,
    only counts where it differs from its defaults: results of versions that did not know it are still shown.
    """
    later = {"what_if": WhatIfSettings(), "prompts": PromptSettings(), "concepts": None, "vae": None}
    left_out = PRESENTATION | {name for name, usual in later.items() if getattr(settings, name) == usual}
    known = settings.model_dump(mode="json", exclude=left_out)
    for image in known["images"]:
        for name in ("needed", "precluded"):
            if image[name] is None:
                del image[name]
    text = canonical_json(known)
    return hashlib.sha256(text.encode()).hexdigest()


def store_entry(store: Store, settings: str, keys: ResultKeys, classifier: str) -> EntryRef:
    """Store where the results of one image are, unless that is known, and return where to find it.

    Args:
        store: Holds the results, too.
        settings: Digest of the set's settings.
        keys: Of the results.
        classifier: Digest of the classifier.
    """
    made_by = {
        "settings": settings,
        "image": keys.image.id,
        "image_digest": keys.image.digest,
        "classifier": classifier,
    }
    if store.get(ENTRY, made_by, ResultKeys) != keys:
        store.put(ENTRY, made_by, keys)
    return EntryRef(keys.image.id, keys.classifier, result_key(ENTRY, made_by))


def load_entries(index: ResultsIndex, store: Store) -> Iterator[ResultKeys]:
    """Yield where the results of every entry are, one at a time.

    Raises:
        StoreError: If that is missing or damaged.
    """
    for entry in index.entries:
        yield _get(store, entry.image, ENTRY, entry.key, ResultKeys)


def _get(store: Store, image_id: str, kind: str, key: str, record: type[RecordT]) -> RecordT:
    result = store.get_by_key(kind, key, record)
    if result is None:
        raise StoreError(
            f"{store.where(store.path(kind, key))}: a result of image {image_id!r} is missing or damaged. "
            "Run `gallery build` again; it computes just what is missing."
        )
    return result


def save_index(index: ResultsIndex, workspace: Workspace) -> None:
    """Write the index of a finished run."""
    value, _ = encode(index)
    value["sha256"] = _checksum(value)
    write_atomic(workspace.index, (json.dumps(value, indent=1) + "\n").encode())


def _checksum(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 hex of an index as JSON values, without the checksum in it."""
    return hashlib.sha256(
        canonical_json({k: v for k, v in value.items() if k != "sha256"}).encode()
    ).hexdigest()


def save_shard(index: ResultsIndex, store: Store, shard: Shard) -> None:
    """Write the index of one finished shard beside its results, where ``merge`` finds it."""
    store.put(SHARD, shard_made_by(index.made_by, shard), index)


def shard_made_by(settings: str, shard: Shard) -> dict[str, Any]:
    """Return what the index of a shard is found by, for settings with this digest."""
    return {"settings": settings, "shard": shard.number, "of": shard.count}


def load_index(workspace: Workspace, settings: SetSettings) -> ResultsIndex:
    """Read the index of the last run.

    Raises:
        StoreError: If there is none, or it belongs to other settings.
    """
    remedy = "Run `gallery measure` (or `gallery build`, which does all) for this set first."
    try:
        stored = json.loads(workspace.index.read_bytes())
        index = decode(ResultsIndex, stored, {}) if stored["sha256"] == _checksum(stored) else None
    except FileNotFoundError:
        raise StoreError(f"{workspace.index}: no results yet. {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError) as error:
        raise StoreError(f"{workspace.index}: damaged ({error}). {remedy}") from error
    if index is None:
        raise StoreError(f"{workspace.index}: damaged (its checksum is wrong). {remedy}")
    if index.made_by != settings_digest(settings):
        raise StoreError(f"{workspace.index}: the results belong to other settings. {remedy}")
    return index


def load_results(index: ResultsIndex, workspace: Workspace) -> Iterator[ImageResult]:
    """Yield the results of every entry, one at a time.

    Raises:
        StoreError: If a result is missing or damaged.
    """
    store = workspace.store
    for entry in load_entries(index, store):
        yield _load(entry, index, store)


def _load(entry: ResultKeys, index: ResultsIndex, store: Store) -> ImageResult:
    def get(kind: str, key: str, record: type[RecordT]) -> RecordT:
        return _get(store, entry.image.id, kind, key, record)

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
        prompted=None if entry.prompted is None else _load_prompted(entry.image.id, entry.prompted, store),
    )


def _load_prompted(image_id: str, keys: PromptKeys, store: Store) -> Prompted:
    """Return what regions do; what could not be made, because nothing precluded is in sight, is left out."""
    prompts = _get(store, image_id, "prompts", keys.prompts, Prompts)
    maps = {name: _get(store, image_id, "prompted", key, PromptedMap) for name, key in keys.maps.items()}
    searched = prompts.agreement is not None
    return Prompted(
        prompts=prompts,
        maps=maps,
        search=_get(store, image_id, "search", keys.search, SearchResult) if searched else None,
        heatmaps={
            name: _get(store, image_id, "heatmap", key, Heatmap)
            for name, key in keys.heatmaps.items()
            if maps[name].after is not None
        },
    )
