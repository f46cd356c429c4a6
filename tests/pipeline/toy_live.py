"""The tiny set with ``live = true``: one picture, a toy network that exports, a runtime that is none."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from gallery.classifier._base import Facts, LoadedClassifier, finish
from gallery.config import SetSettings
from gallery.pipeline.site import publish_site, render
from gallery.pipeline.workspace import Workspace
from gallery.publish import runtime
from gallery.records import Preprocessing
from tests.pipeline import toy

PREPROCESSING = Preprocessing((32, 32), 36, "bicubic", (0.4, 0.5, 0.6), (0.25, 0.3, 0.2))
FAKE = {
    "ort.wasm.bundle.min.mjs": b"export{a as InferenceSession,b as Tensor,c as env};",
    "ort-wasm-simd-threaded.wasm": bytes(range(256)),
}


class PlainNet(toy.ToyNet):
    """The toy network without its refusal of white pictures, which no exported graph can make."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.features(x).mean(dim=(2, 3)))
        return logits


def live_classifier() -> LoadedClassifier:
    """Return a classifier that crops, and normalises every channel in its own way."""
    return finish(
        PlainNet(4),
        Facts(
            id="toy:4", title="Toy <4>", architecture="toy:plain", preprocessing=PREPROCESSING,
            class_names=("cat", "dog </script>", "cup", "car"), licence="CC0-1.0", paper="none",
        ),
    )  # fmt: skip


def live_settings(**changes: Any) -> SetSettings:  # noqa: ANN401
    """Return the settings of the set; the image is called "alpha"."""
    given: dict[str, Any] = {
        "live": True,
        "methods": {"grad_cam": {}},
        "perturbation": {"rows": 3, "cols": 4, "baseline": "blur"},
        "search": {"beam_width": 1, "candidates": 2, "max_mses": 2, "verify_up_to": 2},
        "robustness": {"max_forwards": 0},
        "what_if": {"max_forwards": 10},
        "measures": {"names": ["average_drop"]},
        "images": [{"id": "alpha", "source": "file:alpha.png"}],
    }
    return toy.settings_of(**(given | changes))


def photograph() -> Image.Image:
    """Return 97 x 61 pixels with edges, gradients and noise."""
    rows, cols = np.mgrid[0:61, 0:97]
    noise = np.random.default_rng(5).normal(0, 20, (61, 97, 3))
    pixels = np.stack([2.5 * cols, 4 * rows, 255 * ((rows // 9 + cols // 7) % 2)], axis=2) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def fake_runtime(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Return a folder that passes for the runtime's package."""
    patch.setattr(
        runtime, "FILES", {name: hashlib.sha256(content).hexdigest() for name, content in FAKE.items()}
    )
    folder.mkdir()
    for name, content in FAKE.items():
        (folder / name).write_bytes(content)
    return folder


def patch_classifiers(patch: pytest.MonkeyPatch) -> None:
    """Have every classifier of a set be ``live_classifier``."""
    toy.patch_classifiers(patch)
    patch.setattr("gallery.pipeline.build.load_classifier", lambda *_, **__: live_classifier())


@cache
def built(base: Path) -> Path:
    """Return ``base`` with the set in ``out``: explained, rendered, published; without live in ``plain``."""
    base.mkdir()
    photograph().save(base / "alpha.png")
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        fake_runtime(base / "runtime", patch)
        settings, workspace = live_settings(live_runtime="runtime"), Workspace(base / "out")
        toy.run(base, base / "out", settings)
        render(live_settings(live=False), workspace, toy.Recorder())
        workspace.pages.rename(base / "plain")
        render(settings, workspace, toy.Recorder())
        publish_site(settings, workspace, toy.Recorder())
    return base
