"""Where the generative models of a set are stored, so that pages are made of them without torch."""

from dataclasses import dataclass

from gallery.config import SetSettings
from gallery.errors import StoreError
from gallery.pipeline.index import settings_digest
from gallery.pipeline.workspace import Workspace
from gallery.records import (
    Disentanglement,
    GenerativeResults,
    VaeAnomalies,
    VaeModel,
    VaeResult,
    VaeTraversal,
)
from gallery.store.store import RecordT, Store

MODEL, ANOMALIES, TRAVERSAL, DISENTANGLEMENT = (
    "vae_model", "vae_anomalies", "vae_traversal", "vae_disentanglement",
)  # fmt: skip
"""Kinds of results: what a checkpoint is, its anomaly maps, the latents of one picture, results of others."""
OF_FILES = (MODEL, ANOMALIES, TRAVERSAL, DISENTANGLEMENT)
"""Kinds whose results hang on one file; its digest is "file" in what they are made by."""
INDEX = "vae"
"""Kind under which a set's ``GenerativeIndex`` is stored."""


@dataclass(frozen=True)
class ModelKeys:
    """Where the results of one checkpoint are stored.

    Attributes:
        model: What it is.
        anomalies: "" if its data have none.
        traversals: One per picture.
    """

    model: str
    anomalies: str
    traversals: tuple[str, ...]


@dataclass(frozen=True)
class GenerativeIndex:
    """Where all of a set's generative models are, in the manifest's order."""

    models: tuple[ModelKeys, ...]
    disentanglement: tuple[str, ...]


def index_made_by(settings: SetSettings) -> dict[str, str]:
    """Return what the index of a set's generative models is found by."""
    return {"settings": settings_digest(settings)}


def load_generative(settings: SetSettings, workspace: Workspace) -> GenerativeResults:
    """Return the generative models of a set; nothing if it wants none.

    Raises:
        StoreError: If they are wanted and have not been computed, or are damaged.
    """
    if settings.vae is None:
        return GenerativeResults()
    store = workspace.store
    index = store.get(INDEX, index_made_by(settings), GenerativeIndex)
    if index is None:
        raise StoreError(
            f"{store.where(store.root)}: the autoencoders of this set have not been explained. Run "
            "`gallery build` (or `gallery measure`) for the whole set; it computes just what is missing."
        )
    return GenerativeResults(
        tuple(_load(keys, store) for keys in index.models),
        tuple(_get(store, DISENTANGLEMENT, key, Disentanglement) for key in index.disentanglement),
    )


def _load(keys: ModelKeys, store: Store) -> VaeResult:
    return VaeResult(
        model=_get(store, MODEL, keys.model, VaeModel),
        anomalies=_get(store, ANOMALIES, keys.anomalies, VaeAnomalies) if keys.anomalies else None,
        traversals=tuple(_get(store, TRAVERSAL, key, VaeTraversal) for key in keys.traversals),
    )


def _get(store: Store, kind: str, key: str, record: type[RecordT]) -> RecordT:
    found = store.get_by_key(kind, key, record)
    if found is None:
        raise StoreError(
            f"{store.where(store.path(kind, key))}: results of an autoencoder are missing or damaged. "
            "Run `gallery build` again; it computes just what is missing."
        )
    return found
