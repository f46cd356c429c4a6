"""Where the concepts of a set are stored, so that pages are made of them without torch."""

from dataclasses import dataclass

from gallery.config import SetSettings
from gallery.errors import StoreError
from gallery.pipeline.index import settings_digest
from gallery.pipeline.workspace import Workspace
from gallery.records import ConceptImage, ConceptMap, ConceptNetwork, ConceptResult, MethodCard
from gallery.store.store import RecordT, Store

NETWORK, SCORES, MAP, INDEX = "concept_network", "concept_scores", "concept_map", "concepts"
"""Kinds of results: a trained network, what it says of the set's images, one map, and where these are."""


@dataclass(frozen=True)
class ConceptScores:
    """What an explanation network says of every image of a set, in its order."""

    images: tuple[ConceptImage, ...]


@dataclass(frozen=True)
class ConceptKeys:
    """Where the results of one class under one classifier are stored; maps in the order pages show them."""

    classifier: str
    network: str
    scores: str
    maps: tuple[str, ...]


@dataclass(frozen=True)
class ConceptIndex:
    """Where all of a set's concepts are, by class, then by classifier, and the methods of the maps."""

    entries: tuple[ConceptKeys, ...]
    methods: tuple[MethodCard, ...]


def index_made_by(settings: SetSettings) -> dict[str, str]:
    """Return what the index of a set's concepts is found by."""
    return {"settings": settings_digest(settings)}


def load_concepts(settings: SetSettings, workspace: Workspace) -> list[ConceptResult]:
    """Return the concepts of a set; [] if it wants none.

    Raises:
        StoreError: If they are wanted and have not been computed, or are damaged.
    """
    if settings.concepts is None:
        return []
    store = workspace.store
    index = store.get(INDEX, index_made_by(settings), ConceptIndex)
    if index is None:
        raise StoreError(
            f"{store.where(store.root)}: the concepts of this set have not been computed. Run "
            "`gallery build` (or `gallery measure`) for the whole set; it computes just what is missing."
        )
    return [_load(keys, index, store) for keys in index.entries]


def _load(keys: ConceptKeys, index: ConceptIndex, store: Store) -> ConceptResult:
    return ConceptResult(
        classifier=keys.classifier,
        network=_get(store, NETWORK, keys.network, ConceptNetwork),
        images=_get(store, SCORES, keys.scores, ConceptScores).images,
        maps=tuple(_get(store, MAP, key, ConceptMap) for key in keys.maps),
        methods=index.methods,
    )


def _get(store: Store, kind: str, key: str, record: type[RecordT]) -> RecordT:
    found = store.get_by_key(kind, key, record)
    if found is None:
        raise StoreError(
            f"{store.where(store.path(kind, key))}: concepts are missing or damaged. "
            "Run `gallery build` again; it computes just what is missing."
        )
    return found
