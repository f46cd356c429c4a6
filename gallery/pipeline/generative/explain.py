"""The stage: every checkpoint of a set explained, or found in the store; results of others checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.config import SetSettings, VaeSettings
from gallery.curation.names import slug, unique
from gallery.pipeline.generative.anomalies import anomalies_of
from gallery.pipeline.generative.checkpoint import Checkpoint, model_of
from gallery.pipeline.generative.disentanglement import read_disentanglement
from gallery.pipeline.generative.files import verified
from gallery.pipeline.generative.index import (
    ANOMALIES,
    DISENTANGLEMENT,
    INDEX,
    MODEL,
    TRAVERSAL,
    GenerativeIndex,
    ModelKeys,
    index_made_by,
)
from gallery.pipeline.generative.traversal import traversal_of, traversed
from gallery.pipeline.progress import Reporter
from gallery.records import Disentanglement, VaeAnomalies, VaeModel, VaeTraversal
from gallery.store.keys import result_key
from gallery.store.store import RecordT, Store

VERSION = 1
"""Raise it to have everything computed again after a change of code."""
STAGE = "autoencoders"
MadeBy = dict[str, Any]


def checkpoints(settings: SetSettings, wanted: VaeSettings, folder: Path) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a set, their digests compared.

    Raises:
        ConfigError: If a file is missing, or is not the one listed.
    """
    for file, content in verified("vae.trained", wanted.trained, folder):
        yield Checkpoint(file, content, wanted, folder, settings.seed)


def check_generative(settings: SetSettings, folder: Path) -> None:
    """Check the files of a set before any work is done.

    Raises:
        ConfigError: If a file is missing or not the one listed, holds no results, or its data are not there.
        TrainingError: If a checkpoint is none of ours.
    """
    if settings.vae is None:
        return
    for one in checkpoints(settings, settings.vae, folder):
        one.check()
    for file, content in verified("vae.results", settings.vae.results, folder):
        read_disentanglement(content, file, settings.vae.results[file])


def explain_generative(
    settings: SetSettings, folder: Path, store: Store, reporter: Reporter
) -> GenerativeIndex | None:
    """Explain the autoencoders of a set, and store where everything is; None if it wants none.

    Args:
        settings: The set.
        folder: The manifest's.
        store: Receives every result the moment it is there.
        reporter: Told about progress.

    Raises:
        ConfigError: If a file is missing or not the one listed, or data cannot be read.
        TrainingError: If a checkpoint is none of ours, or its data are others than those of training.

    Cost:
        A checkpoint of 64 x 64 pictures with 32 latents and 160 held-out pictures: 5 s on one core.
    """
    wanted = settings.vae
    if wanted is None:
        return None
    reporter.begin(STAGE, None)
    models: list[ModelKeys] = []
    slugs: list[str] = []
    for one in checkpoints(settings, wanted, folder):
        name = unique(slug(f"{_name(one)} {one.head.settings.family}"), slugs)
        slugs.append(name)
        models.append(_Work(one, name, store, reporter).keys())
    measured = tuple(
        _measured(file, content, wanted.results[file], store)
        for file, content in verified("vae.results", wanted.results, folder)
    )
    reporter.end()
    index = GenerativeIndex(tuple(models), measured)
    store.put(INDEX, index_made_by(settings), index)
    return index


def _name(one: Checkpoint) -> str:
    """Return the first half of a slug: what the data are called, without the folders they lie in."""
    source, _, argument = one.head.settings.data.partition(":")
    return f"{source} {Path(argument).name}"


def _measured(file: str, content: bytes, sha256: str, store: Store) -> str:
    made_by = {"version": VERSION, "file": sha256, "name": file}
    if store.get(DISENTANGLEMENT, made_by, Disentanglement) is None:
        store.put(DISENTANGLEMENT, made_by, read_disentanglement(content, file, sha256))
    return result_key(DISENTANGLEMENT, made_by)


@dataclass(frozen=True)
class _Work:
    """One checkpoint; what is in the store is taken from there."""

    one: Checkpoint
    slug: str
    store: Store
    reporter: Reporter

    def keys(self) -> ModelKeys:
        """Return where everything is, computing what is missing."""
        return ModelKeys(
            model=self._model(),
            anomalies=self._anomalies() if self.one.data.test is not None else "",
            traversals=tuple(self._traversals()),
        )

    def _model(self) -> str:
        made_by = self._made_by(name=self.one.file, slug=self.slug)
        return self._kept(MODEL, made_by, VaeModel, "checkpoint", lambda: model_of(self.one, self.slug))

    def _anomalies(self) -> str:
        settings = self.one.settings
        made_by = self._made_by(
            seed=self.one.seed, n_samples=settings.n_samples, n_per_kind=settings.n_per_kind
        )

        def make() -> VaeAnomalies:
            advance = lambda method: self.reporter.advance(self.slug, f"maps: {method}")  # noqa: E731
            return anomalies_of(self.one.trained, settings.n_per_kind, advance)

        return self._kept(ANOMALIES, made_by, VaeAnomalies, "anomalies", make)

    def _traversals(self) -> Iterator[str]:
        n_latents = self.one.settings.n_latents
        for name, picture in traversed(self.one.data, self.one.settings.n_pictures):
            made_by = self._made_by(picture=name, n_latents=n_latents)

            def make(name: str = name, picture: Any = picture) -> VaeTraversal:  # noqa: ANN401
                return traversal_of(self.one.trained, name, picture, n_latents)

            yield self._kept(TRAVERSAL, made_by, VaeTraversal, f"latents of {name}", make)

    def _made_by(self, **more: Any) -> MadeBy:  # noqa: ANN401
        return {"version": VERSION, **self.one.made_by, **more}

    def _kept(
        self,
        kind: str,
        made_by: dict[str, Any],
        record: type[RecordT],
        task: str,
        make: Callable[[], RecordT],
    ) -> str:
        is_stored = self.store.get(kind, made_by, record) is not None
        if not is_stored:
            self.store.put(kind, made_by, make())
        self.reporter.advance(self.slug, task, stored=is_stored)
        return result_key(kind, made_by)
