"""A gallery small enough to be explained in a fraction of a second: a toy network and three pictures.

The network is a plain function of its seed; nothing is downloaded and nothing is trained.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gallery.classifier._base import Facts, LoadedClassifier, finish
from gallery.config import SetSettings
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.index import ResultsIndex
from gallery.pipeline.workspace import Workspace
from gallery.records import Preprocessing
from gallery.scoring.tuning import Tuning

SIDE = 32
CLASSES = ("cat", "dog", "cup", "car")
PREPROCESSING = Preprocessing((SIDE, SIDE), SIDE, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


class ToyNet(nn.Module):
    """Two convolutions, a mean and a linear layer: (B, 3, 32, 32) -> (B, 4).

    Refuses all-white pictures, so that tests have an image that fails whatever it is batched with.
    """

    passes: ClassVar[int] = 0

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(8, 12, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(12, len(CLASSES))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=draw) / parameter[0].numel() ** 0.5)
            self.head.weight *= 6

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        ToyNet.passes += 1
        if bool((x.float().amin(dim=(1, 2, 3)) > 1.9).any()):
            raise RuntimeError("an all-white picture")
        logits: Tensor = self.head(self.features(x).mean(dim=(2, 3)))
        return logits


def toy_classifier(seed: int = 4, **facts: Any) -> LoadedClassifier:  # noqa: ANN401
    """Return the toy network as a loaded classifier."""
    known: dict[str, Any] = {
        "id": f"toy:{seed}",
        "title": f"Toy {seed}",
        "architecture": "toy:net",
        "preprocessing": PREPROCESSING,
        "class_names": CLASSES,
        "licence": "CC0-1.0",
        "paper": "none",
    }
    return finish(ToyNet(seed), Facts(**{**known, **facts}))


def write_pictures(folder: Path) -> None:
    """Write three photographs of 48 x 40 pixels, each with shapes of its own."""
    rows, cols = np.mgrid[0:40, 0:48]
    for number, name in enumerate(("alpha", "beta", "gamma")):
        draw = np.random.default_rng(number)
        pixels = np.zeros((40, 48, 3))
        for _ in range(6):
            row, col, radius = draw.integers(0, 40), draw.integers(0, 48), draw.integers(4, 14)
            inside = (rows - row) ** 2 + (cols - col) ** 2 < radius**2
            pixels[inside] = draw.integers(0, 256, 3)
        pixels += draw.normal(0, 12, pixels.shape)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{name}.png")


def settings_of(**changes: Any) -> SetSettings:  # noqa: ANN401
    """Return the settings of the tiny set; ``search={"p_high": 0.8}`` changes just that key of ``search``."""
    raw: dict[str, Any] = {
        "title": "Tiny",
        "seed": 7,
        "classifiers": ["toy:4"],
        "methods": {
            "grad_cam": {},
            "rise": {"n_masks": 16, "cells": 3},
            "igos": {"iterations": 1, "path_points": 2, "size": 4, "l1": 0.0},
        },
        "perturbation": {"rows": 3, "cols": 3, "baseline": "black"},
        "search": {"beam_width": 1, "candidates": 2, "max_mses": 4, "verify_up_to": 4},
        "graph": {"max_nodes": 20},
        "necessity": {"max_forwards": 40, "pairs": 3},
        "questions": {"n_sets": 6, "n_questions": 3},
        "measures": {"step_px": 256},
        "images": [
            {"id": "alpha", "source": "file:alpha.png"},
            {"id": "beta", "source": "file:beta.png", "target": "cup"},
            {"id": "gamma", "source": "file:gamma.png"},
            {"id": "grid", "source": "composite", "parts": ["alpha", "beta", "gamma", "alpha"]},
        ],
    }
    for key, value in changes.items():
        is_table = key in {
            "perturbation", "search", "graph", "necessity", "robustness", "questions", "measures",
            "what_if",
        }  # fmt: skip

        raw[key] = {**raw.get(key, {}), **value} if is_table else value
    return SetSettings.model_validate(raw)


@dataclass
class Recorder:
    """A ``Reporter`` that remembers what it was told."""

    failed: list[tuple[str, str]] = field(default_factory=list)
    done: list[tuple[str, str, bool]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    totals: list[int | None] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def begin(self, stage: str, total: int | None) -> None:
        """Remember the total."""
        self.totals.append(total)

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Remember a finished unit."""
        self.done.append((image, task, stored))

    def fail(self, image: str, reason: str) -> None:
        """Remember a failure."""
        self.failed.append((image, reason))

    def note(self, text: str) -> None:
        """Remember a note."""
        self.notes.append(text)

    def end(self) -> None:
        """Do nothing."""


def patch_classifiers(patch: pytest.MonkeyPatch) -> None:
    """Have every classifier of a set be a toy, "toy:<seed>", screened in float32 without measuring speed."""

    def load(spec: str, **_: object) -> LoadedClassifier:
        return toy_classifier(int(spec.partition(":")[2]))

    patch.setattr("gallery.pipeline.build.load_classifier", load)
    patch.setattr("gallery.pipeline.explain.tune", lambda _: Tuning("float32", 8, 4, {}))


def run(
    folder: Path, out: Path, settings: SetSettings | None = None, *, with_measures: bool = True
) -> tuple[ResultsIndex, Recorder]:
    """Explain a set whose pictures are in ``folder``."""
    recorder = Recorder()
    job = Job(settings or settings_of(), folder, Workspace(out), "cpu")
    return explain_set(job, recorder, with_measures=with_measures), recorder


def files_of(folder: Path, *, without: str = "") -> dict[str, bytes]:
    """Return every file below ``folder`` by relative path, except those named ``without``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != without
    }
