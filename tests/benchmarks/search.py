"""Compare the search with the official SAG procedure, image by image on the same machine, and time scoring.

For every photograph: the official procedure as ``reference_sag`` has it (one mask per pass, float32), then
ours (MSEs, diverse selections and attention graph), with the preset's mask model: 7 x 7 patches, black
baseline, ``align_corners``, the whole photograph stretched to the input. Both searches then promise
the same: 1-minimal sets. With ``--verify 8`` ours also checks all subsets of sets of up to 8 patches, as a
gallery does.

    python -m tests.benchmarks.search FOLDER_OR_FILE ... --out build/bench/search.json

Without photographs, those of the default set are used.
"""

import argparse
import json
import platform
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from gallery.classifier._base import LoadedClassifier
from gallery.classifier.load import load_classifier
from gallery.config import PRESETS, PerturbationSettings
from gallery.curation.curate import iter_images
from gallery.curation.manifest import default_manifest, load_settings
from gallery.explain.graphs.attention_graph import attention_graph
from gallery.explain.search._base import Found
from gallery.explain.search._diverse import largest_diverse, roots_for
from gallery.explain.search.beam import beam
from gallery.interfaces import ScoreSteps
from gallery.perturbation import make_baseline
from gallery.preprocess import preprocess
from gallery.records import AttentionGraph, ImageRecord, ModelInput, UInt8
from gallery.scoring.engine import Engine
from gallery.scoring.tuning import tune
from tests.benchmarks.reference_sag import explain_like_2021

MODEL = PerturbationSettings(**PRESETS["sag2021"]["perturbation"]).mask_model()
P_HIGH, P_LOW, OVERLAPS, N_ROOTS = 0.9, 0.4, (0, 1, 2), 3
PHOTOGRAPHS = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True)
class Row:
    """One photograph; times in seconds of wall time, sizes in patches."""

    image: str
    p_full: float
    reference_seconds: float
    reference_forwards: int
    reference_smallest: int
    reference_diverse: list[int]
    seconds: float
    forwards: int
    scored: int
    smallest: int
    n_mses: int
    diverse: list[int]
    graph_nodes: int
    graph_forwards: int
    ratio: float


def read_pixels(path: Path) -> UInt8:
    """Return a photograph as (H, W, 3) uint8 RGB, orientation applied."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def photographs(places: Sequence[Path], every: int, limit: int) -> list[tuple[str, UInt8]]:
    """Return named photographs: of each folder every ``every``-th, at most ``limit``; all single files."""
    if not places:
        settings = load_settings(default_manifest())
        images = iter_images(settings, default_manifest().parent)
        return [(i.id, i.pixels) for i in images if isinstance(i, ImageRecord) and not i.quadrants]
    files: list[Path] = []
    for place in places:
        found = (
            sorted(f for f in place.iterdir() if f.suffix.lower() in PHOTOGRAPHS)
            if place.is_dir()
            else [place]
        )
        step = every if len(found) > limit else 1
        files += found[::step][:limit]
    return [(file.name, read_pixels(file)) for file in files]


def inputs_of(pixels: UInt8, classifier: LoadedClassifier) -> ModelInput:
    """Return what the classifier sees of a photograph."""
    preprocessing = classifier.card.preprocessing
    tensor = preprocess(pixels, preprocessing)
    baseline = make_baseline(MODEL.baseline, torch.from_numpy(tensor), preprocessing)
    return ModelInput(np.zeros((1, 1, 3), np.uint8), tensor, baseline.numpy())


def ours(p_full: float, verify: int, n_cells: int) -> ScoreSteps[tuple[Found, AttentionGraph]]:
    """Search, select and build the graph with the defaults of a gallery."""
    found = yield from beam(n_cells, P_HIGH * p_full, verify_up_to=verify)
    roots = roots_for("coverage", found.sets, 1, N_ROOTS)
    graph = yield from attention_graph([found.sets[i].mask for i in roots], p_full, p_low=P_LOW)
    return found, graph


def compare(
    name: str, pixels: UInt8, classifier: LoadedClassifier, engine: Engine, verify: int
) -> tuple[Row, ModelInput, int, float]:
    """Run both procedures on one photograph."""
    inputs = inputs_of(pixels, classifier)
    image, baseline = (torch.from_numpy(a).to(engine.device) for a in (inputs.tensor, inputs.baseline))
    with torch.inference_mode():
        target = int(classifier.module(image).argmax())
    begin = time.perf_counter()
    reference = explain_like_2021(classifier.module, image, baseline, target, seed=0)
    reference_seconds = time.perf_counter() - begin

    begin = time.perf_counter()
    scorer = engine.scorer(inputs, target, MODEL)
    # The search wants the bare baseline too: one pass for both.
    p_full, _ = scorer.score([(1 << MODEL.n_cells) - 1, 0], exact=True)
    [(found, graph)] = engine.run([(scorer, ours(p_full, verify, MODEL.n_cells))])
    diverse = [len(largest_diverse(found.sets, t)) for t in OVERLAPS]
    seconds = time.perf_counter() - begin
    known = {one.mask for one in found.sets}
    row = Row(
        image=name,
        p_full=p_full,
        reference_seconds=reference_seconds,
        reference_forwards=reference.forwards,
        reference_smallest=min((root.bit_count() for root in reference.roots), default=0),
        reference_diverse=[len(reference.diverse[t]) for t in OVERLAPS],
        seconds=seconds,
        forwards=scorer.forwards,
        scored=found.n_scored,
        smallest=min((mask.bit_count() for mask in known), default=0),
        n_mses=len(known),
        diverse=diverse,
        graph_nodes=len(graph.nodes),
        graph_forwards=len([node for node in graph.nodes if node.mask not in known]),
        ratio=reference_seconds / seconds,
    )
    return row, inputs, target, p_full


def lock_step(engine: Engine, jobs: Sequence[tuple[ModelInput, int, float]], verify: int) -> float:
    """Return the seconds all photographs take together, batches filled across them."""
    begin = time.perf_counter()
    engine.run(
        [
            (engine.scorer(inputs, target, MODEL), ours(p_full, verify, MODEL.n_cells))
            for inputs, target, p_full in jobs
        ]
    )
    return time.perf_counter() - begin


def throughput(
    engine: Engine, inputs: ModelInput, target: int, *, exact: bool, seconds: float
) -> dict[str, float]:
    """Return images/s of the bare network and of masked scoring, alternating, same batch and precision."""
    batch = engine.batch(exact=exact)
    module, dtype = (engine._exact, torch.float32) if exact else (engine._screen, engine.screen_dtype)
    image = torch.from_numpy(inputs.tensor).to(engine.device, dtype)
    x = image.expand(batch, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    draw, scorer = random.Random(0), engine.scorer(inputs, target, MODEL)

    def plain() -> None:
        with torch.inference_mode():
            module(x).float().softmax(dim=1).sum().item()

    def masked() -> None:
        scorer.score([draw.getrandbits(MODEL.n_cells) for _ in range(batch)], exact=exact)

    rates: dict[str, list[float]] = {"plain": [], "masked": []}
    works: dict[str, Callable[[], None]] = {"plain": plain, "masked": masked}
    for work in works.values():
        work()
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(4):
                work()
            rates[name].append(4 * batch / (time.perf_counter() - start))
    middle = {name: statistics.median(values) for name, values in rates.items()}
    return {**middle, "masked_over_plain": middle["masked"] / middle["plain"], "batch": float(batch)}


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """Return what the comparison comes to."""
    found = [row for row in rows if row.reference_smallest]
    return {
        "n_images": len(rows),
        "wall_ratio_median": statistics.median(row.ratio for row in rows),
        "wall_ratio_min": min(row.ratio for row in rows),
        "wall_ratio_of_totals": sum(r.reference_seconds for r in rows) / sum(r.seconds for r in rows),
        "forwards_ratio_median": statistics.median(r.reference_forwards / r.forwards for r in rows),
        "smallest_never_larger": all(0 < row.smallest <= row.reference_smallest for row in found),
        "diverse_never_fewer": all(row.diverse[1] >= row.reference_diverse[1] for row in rows),
        "reference_forwards_per_second": sum(r.reference_forwards for r in rows)
        / sum(r.reference_seconds for r in rows),
        "forwards_per_second": sum(r.forwards for r in rows) / sum(r.seconds for r in rows),
    }


def line(row: Row) -> str:
    """Return one line of the table."""
    return (
        f"{row.image[:28]:28}  {row.p_full:4.2f}"
        f"  {row.reference_seconds:6.1f} s {row.reference_forwards:5d} fw"
        f"  {row.seconds:5.2f} s {row.forwards:5d} fw  {row.ratio:5.1f} x"
        f"  smallest {row.reference_smallest} -> {row.smallest}"
        f"  diverse {row.reference_diverse} -> {row.diverse}  sag {row.graph_nodes} nodes"
    )


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, help="photographs or folders of photographs")
    parser.add_argument("--classifier", default="embedded:efficientnet_lite0")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--every", type=int, default=5, help="of a large folder, every so many photographs")
    parser.add_argument("--limit", type=int, default=20, help="photographs per folder")
    parser.add_argument(
        "--verify", type=int, default=0, help="check all subsets of sets of up to so many patches"
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench/search.json"))
    given = parser.parse_args()

    classifier = load_classifier(given.classifier, device=given.device, stretch=True)
    engine = Engine(classifier, tune(classifier))
    say(f"{classifier.card.title}: screening in {engine.tuning.precision}, {engine.tuning.batch} at a time")
    rows, jobs = [], []
    for name, pixels in photographs(given.places, given.every, given.limit):
        row, inputs, target, p_full = compare(name, pixels, classifier, engine, given.verify)
        rows.append(row)
        jobs.append((inputs, target, p_full))
        say(line(row))
    together = lock_step(engine, jobs, given.verify)
    result = summary(rows)
    result["lock_step_seconds_per_image"] = together / len(rows)
    result["lock_step_wall_ratio"] = sum(row.reference_seconds for row in rows) / together
    rates = {
        name: throughput(engine, jobs[0][0], jobs[0][1], exact=exact, seconds=8)
        for name, exact in ((engine.tuning.precision, False), ("float32", True))
    }
    result["masked_over_plain"] = rates[engine.tuning.precision]["masked_over_plain"]
    result["peak_memory_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for name, value in result.items():
        say(f"{name:32} {value:.3f}" if isinstance(value, float) else f"{name:32} {value}")
    for name, values in rates.items():
        say(f"{name}: " + ", ".join(f"{key} {value:.2f}" for key, value in values.items()))
    machine = {
        "cpus": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    document = {**result, "verify_up_to": given.verify, "throughput": rates, "machine": machine}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({**document, "images": [asdict(row) for row in rows]}, indent=1) + "\n")
    say(f"written: {given.out}")


if __name__ == "__main__":
    main()
