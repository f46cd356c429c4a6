"""Time the heatmaps against the libraries, the bare network and the official iGOS++ procedure.

Three questions, each answered by ratios of times taken in turn on the same machine:

- ``cams_ratio``: all CAMs of one photograph together against one call each of the fastest library that has
  the method, in the library's own precision and batches (``cams_ratio_gradient``: those from gradients only);
- ``rise_over_plain`` and ``score_cam_over_plain``: masked images per second against the bare network's
  throughput at the same batch size and precision;
- ``igospp_ratio``: iGOS++ at 28 x 28 against ``reference_igospp``, same iterations and path points.

    python -m tests.benchmarks.heatmaps [PHOTOGRAPH ...] --out build/bench/heatmaps.json

Libraries that are not installed are left out, and said to be.
"""

import argparse
import importlib.util
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gallery.classifier._base import LoadedClassifier
from gallery.classifier.load import load_classifier
from gallery.curation.curate import iter_images
from gallery.curation.manifest import default_manifest, load_settings
from gallery.explain.heatmaps._base import HEATMAPS, Subject, bound
from gallery.perturbation import make_baseline
from gallery.preprocess import display_view, preprocess
from gallery.records import ImageRecord, MaskModel, ModelInput, UInt8
from gallery.scoring.engine import Engine
from gallery.scoring.tuning import tune
from tests.benchmarks.reference_igospp import explain_one_by_one
from tests.benchmarks.search import read_pixels, say

GRADIENT = ("grad_cam", "grad_cam_plus_plus", "xgrad_cam", "layer_cam", "smoothgrad_cam_plus_plus")
CAMS = (*GRADIENT, "cam", "ablation_cam", "score_cam")
"""Methods that a library has too."""
N_SAMPLES = 16
"""Noisy copies of SmoothGrad-CAM++, ours and the library's."""
TORCHCAM = {
    "grad_cam": "GradCAM",
    "grad_cam_plus_plus": "GradCAMpp",
    "xgrad_cam": "XGradCAM",
    "layer_cam": "LayerCAM",
    "smoothgrad_cam_plus_plus": "SmoothGradCAMpp",
    "cam": "CAM",
    "score_cam": "ScoreCAM",
}
GRADCAM = {
    "grad_cam": "GradCAM",
    "grad_cam_plus_plus": "GradCAMPlusPlus",
    "xgrad_cam": "XGradCAM",
    "layer_cam": "LayerCAM",
    "ablation_cam": "AblationCAM",
    "score_cam": "ScoreCAM",
}
Call = Callable[[], object]


def inputs_of(pixels: UInt8, classifier: LoadedClassifier) -> ModelInput:
    """Return what the classifier sees, with the default blur baseline."""
    preprocessing = classifier.card.preprocessing
    tensor = preprocess(pixels, preprocessing)
    baseline = make_baseline("blur", torch.from_numpy(tensor), preprocessing)
    return ModelInput(display_view(pixels, preprocessing, 1), tensor, baseline.numpy())


def subject_of(engine: Engine, inputs: ModelInput, target: int) -> Subject:
    """Return a subject nothing is known about yet."""
    scorer = engine.scorer(inputs, target, MaskModel())
    return Subject(
        classifier=engine.classifier,
        image=scorer.image,
        target=target,
        scorer=scorer,
        seed=0,
        gradient_module=engine.screen_module,
        gradient_dtype=engine.screen_dtype,
    )


def seconds_of(call: Call, repeats: int) -> float:
    """Return the median time of ``repeats`` calls after one to warm up (none before a single one)."""
    if repeats > 1:
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def library_calls(
    module: nn.Module, layer: str, image: Tensor, target: int
) -> Mapping[str, Mapping[str, Call]]:
    """Return method -> library -> one call of it, for the libraries that are installed."""
    calls: dict[str, dict[str, Call]] = {name: {} for name in CAMS}
    if importlib.util.find_spec("torchcam"):
        for name, theirs in TORCHCAM.items():
            calls[name]["torchcam"] = _torchcam(theirs, module, layer, image, target)
    if importlib.util.find_spec("pytorch_grad_cam"):
        for name, theirs in GRADCAM.items():
            calls[name]["grad-cam"] = _grad_cam(theirs, module, layer, image, target)
    if importlib.util.find_spec("captum"):
        calls["grad_cam"]["captum"] = _captum(module, layer, image, target)
    return calls


def _torchcam(name: str, module: nn.Module, layer: str, image: Tensor, target: int) -> Call:
    import torchcam.methods  # noqa: PLC0415

    options: dict[str, Any] = {"num_samples": N_SAMPLES} if name == "SmoothGradCAMpp" else {}

    def call() -> object:
        with getattr(torchcam.methods, name)(module, target_layer=layer, **options) as extractor:
            return extractor(target, module(image.clone().requires_grad_()))

    return call


def _grad_cam(name: str, module: nn.Module, layer: str, image: Tensor, target: int) -> Call:
    import pytorch_grad_cam  # noqa: PLC0415
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: PLC0415

    def call() -> object:
        with getattr(pytorch_grad_cam, name)(module, [module.get_submodule(layer)]) as cam:
            return cam(image.clone().requires_grad_(), [ClassifierOutputTarget(target)])

    return call


def _captum(module: nn.Module, layer: str, image: Tensor, target: int) -> Call:
    from captum.attr import LayerGradCam  # noqa: PLC0415

    method = LayerGradCam(module, module.get_submodule(layer))
    return lambda: method.attribute(image.clone().requires_grad_(), target=target)


def compare_cams(engine: Engine, inputs: ModelInput, target: int, repeats: int) -> dict[str, Any]:
    """Return seconds of ours alone, ours together and each library, and the ratios."""
    card, module = engine.classifier.card, engine.classifier.module
    options: dict[str, dict[str, Any]] = {"smoothgrad_cam_plus_plus": {"n_samples": N_SAMPLES}}

    def explain(names: Sequence[str]) -> None:
        subject = subject_of(engine, inputs, target)
        for name in names:
            bound(name, HEATMAPS.options(name, options.get(name, {})))(subject)

    image = torch.from_numpy(inputs.tensor).to(engine.device)
    slow = {"ablation_cam", "score_cam"}
    libraries: dict[str, dict[str, float]] = {}
    for name, calls in library_calls(module, card.cam_layer, image, target).items():
        timed = {library: seconds_of(call, 1 if name in slow else repeats) for library, call in calls.items()}
        libraries[name] = timed
    common = [name for name in CAMS if libraries[name]]
    gradient = [name for name in GRADIENT if libraries[name]]
    alone = {name: seconds_of(lambda n=name: explain([n]), 1 if name in slow else repeats) for name in common}  # type: ignore[misc]
    together = seconds_of(lambda: explain(common), 1)
    together_gradient = seconds_of(lambda: explain(gradient), repeats)
    fastest = {name: min(libraries[name].values()) for name in common}
    return {
        "seconds_ours_alone": alone,
        "seconds_ours_together": together,
        "seconds_libraries": libraries,
        "cams_ratio": sum(fastest.values()) / together if common else None,
        "cams_ratio_gradient": sum(fastest[n] for n in gradient) / together_gradient if gradient else None,
    }


def compare_throughput(engine: Engine, inputs: ModelInput, target: int, rounds: int) -> dict[str, float]:
    """Return RISE's and Score-CAM's images per second over the bare network's, taken in turn."""
    batch = engine.batch(exact=False)
    image = torch.from_numpy(inputs.tensor).to(engine.device, engine.screen_dtype)
    x = image.expand(batch, -1, -1, -1).contiguous(memory_format=torch.channels_last)

    def plain(n: int) -> None:
        with torch.inference_mode():
            for _ in range(n // batch):
                engine.screen_module(x).float().softmax(dim=1).sum().item()

    def rate(work: Call, n: int) -> float:
        start = time.perf_counter()
        work()
        return n / (time.perf_counter() - start)

    def run(name: str, **given: Any) -> int:  # noqa: ANN401
        raw = bound(name, HEATMAPS.options(name, given))(subject_of(engine, inputs, target))
        return raw.forwards

    ratios: dict[str, list[float]] = {"rise_over_plain": [], "score_cam_over_plain": []}
    rates: dict[str, list[float]] = {"plain_per_second": [], "rise_per_second": []}
    n_masks = 64 * batch
    n_channels = run("score_cam")  # to warm up, and to count
    for _ in range(rounds):
        rise = rate(lambda: run("rise", n_masks=n_masks), n_masks)
        bare = rate(lambda: plain(n_masks), n_masks)
        score = rate(lambda: run("score_cam"), n_channels)
        ratios["rise_over_plain"].append(rise / bare)
        ratios["score_cam_over_plain"].append(score / bare)
        rates["plain_per_second"].append(bare)
        rates["rise_per_second"].append(rise)
    return {name: statistics.median(values) for name, values in {**ratios, **rates}.items()}


def compare_igospp(engine: Engine, inputs: ModelInput, target: int, iterations: int) -> dict[str, float]:
    """Return seconds and forwards of iGOS++ at 28 x 28 and of the official procedure."""
    subject = subject_of(engine, inputs, target)
    given = HEATMAPS.options("igos_plus_plus", {"size": 28, "iterations": iterations})
    start = time.perf_counter()
    ours = bound("igos_plus_plus", given)(subject)
    seconds = time.perf_counter() - start
    theirs = explain_one_by_one(
        engine.classifier.module,
        subject.image,
        subject.scorer.baseline,
        target,
        iterations=iterations,
        path_points=given["path_points"],
    )
    return {
        "igospp_seconds": seconds,
        "igospp_forwards": ours.forwards,
        "igospp_reference_seconds": theirs.seconds,
        "igospp_reference_forwards": theirs.forwards,
        "igospp_ratio": theirs.seconds / seconds,
    }


def photographs(places: Sequence[Path], limit: int) -> list[tuple[str, UInt8]]:
    """Return the named photographs, or the first of the default set."""
    if places:
        return [(place.name, read_pixels(place)) for place in places][:limit]
    images = iter_images(load_settings(default_manifest()), default_manifest().parent)
    return [(i.id, i.pixels) for i in images if isinstance(i, ImageRecord) and not i.quadrants][:limit]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, help="photographs; the default set's if none")
    parser.add_argument("--classifier", default="embedded:efficientnet_lite0")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=int, default=2, help="photographs")
    parser.add_argument("--repeats", type=int, default=5, help="of every quick call")
    parser.add_argument("--iterations", type=int, default=15, help="of iGOS++")
    parser.add_argument("--out", type=Path, default=Path("build/bench/heatmaps.json"))
    given = parser.parse_args()

    classifier = load_classifier(given.classifier, device=given.device)
    engine = Engine(classifier, tune(classifier))
    say(f"{classifier.card.title}: screening in {engine.tuning.precision}, {engine.tuning.batch} at a time")
    rows: list[dict[str, Any]] = []
    for name, pixels in photographs(given.places, given.limit):
        inputs = inputs_of(pixels, classifier)
        with torch.inference_mode():
            image = torch.from_numpy(inputs.tensor).to(engine.device)
            target = int(classifier.module(image).argmax())
        row: dict[str, Any] = {"image": name, **compare_cams(engine, inputs, target, given.repeats)}
        row |= compare_throughput(engine, inputs, target, rounds=3)
        row |= compare_igospp(engine, inputs, target, given.iterations)
        rows.append(row)
        sys.stdout.write(json.dumps(row, indent=1) + "\n")
    keys = (
        "cams_ratio", "cams_ratio_gradient", "rise_over_plain", "score_cam_over_plain", "igospp_ratio",
    )  # fmt: skip
    result = {
        key: statistics.median(taken) if (taken := [r[key] for r in rows if r[key] is not None]) else None
        for key in keys
    }
    for key, value in result.items():
        say(f"{key:24} {value:.2f}" if value is not None else f"{key:24} no library installed")
    machine = {
        "cpus": torch.get_num_threads(), "torch": torch.__version__, "python": platform.python_version(),
    }  # fmt: skip
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({**result, "machine": machine, "images": rows}, indent=1) + "\n")
    say(f"written: {given.out}")


if __name__ == "__main__":
    main()
