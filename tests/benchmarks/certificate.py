"""Certify all explanations of at most a few patches, and count how many of them the default search finds.

For every photograph: the exhaustive search in float32 (7 x 7 patches and size 3: 19,649 patch sets, fewer
where small ones suffice), then the beam search with its defaults, both under the mask model of a gallery.

    python -m tests.benchmarks.certificate FOLDER_OR_FILE ... --out build/bench/certificate.json
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from gallery.classifier.load import load_classifier
from gallery.explain.search._base import Found
from gallery.explain.search.beam import beam
from gallery.explain.search.exhaustive import exhaustive
from gallery.interfaces import ScoreSteps
from gallery.perturbation import make_baseline
from gallery.preprocess import display_view, preprocess
from gallery.records import MaskModel, ModelInput
from gallery.scoring.engine import Engine
from gallery.scoring.tuning import tune
from tests.benchmarks.search import P_HIGH, photographs, say


@dataclass(frozen=True)
class Certificate:
    """What is certain about one photograph.

    Attributes:
        image: File name.
        p_full: Probability of the predicted class on the whole image.
        complete_up_to: All subset-minimal MSEs of at most this many patches are known.
        n_scored: Patch sets scored for that.
        sizes: Of these MSEs.
        smallest_found: Patches in the smallest MSE of the beam search, 0 for none.
        n_found: Of the certified MSEs, how many the beam search found.
        beam_scored: Patch sets the beam search scored.
        seconds: Of the exhaustive search.
    """

    image: str
    p_full: float
    complete_up_to: int
    n_scored: int
    sizes: list[int]
    smallest_found: int
    n_found: int
    beam_scored: int
    seconds: float


def certify(name: str, inputs: ModelInput, engine: Engine, model: MaskModel, max_size: int) -> Certificate:
    """Run both searches on one photograph."""
    image = torch.from_numpy(inputs.tensor).to(engine.device)
    probabilities = engine.probabilities(image, exact=True)[0]
    target, p_full = int(probabilities.argmax()), float(probabilities.max())

    def run(steps: ScoreSteps[Found]) -> Found:
        found: Found = engine.run([(engine.scorer(inputs, target, model), steps)])[0]
        return found

    begin = time.perf_counter()
    every = run(exhaustive(model.n_cells, P_HIGH * p_full, max_size=max_size))
    seconds = time.perf_counter() - begin
    some = run(beam(model.n_cells, P_HIGH * p_full))
    certified, found = ({one.mask for one in result.sets} for result in (every, some))
    return Certificate(
        image=name,
        p_full=p_full,
        complete_up_to=every.complete_up_to,
        n_scored=every.n_scored,
        sizes=sorted(mask.bit_count() for mask in certified),
        smallest_found=min((mask.bit_count() for mask in found), default=0),
        n_found=len(certified & found),
        beam_scored=some.n_scored,
        seconds=seconds,
    )


def main() -> None:
    """Certify photographs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, help="photographs or folders of photographs")
    parser.add_argument("--classifier", default="embedded:efficientnet_lite0")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--baseline", default="blur", choices=["blur", "black", "mean"])
    parser.add_argument("--size", type=int, default=3, help="certify up to this many patches")
    parser.add_argument("--limit", type=int, default=20, help="photographs per folder")
    parser.add_argument("--out", type=Path, default=Path("build/bench/certificate.json"))
    given = parser.parse_args()

    classifier = load_classifier(given.classifier, device=given.device)
    preprocessing = classifier.card.preprocessing
    engine, model = Engine(classifier, tune(classifier)), MaskModel(baseline=given.baseline)
    rows = []
    for name, pixels in photographs(given.places, 1, given.limit):
        tensor = preprocess(pixels, preprocessing)
        baseline = make_baseline(model.baseline, torch.from_numpy(tensor), preprocessing).numpy()
        inputs = ModelInput(display_view(pixels, preprocessing, 1), tensor, baseline)
        row = certify(name, inputs, engine, model, given.size)
        rows.append(row)
        counts = {size: row.sizes.count(size) for size in sorted(set(row.sizes))}
        say(
            f"{row.image[:28]:28}  p = {row.p_full:.2f}"
            f"  complete up to {row.complete_up_to}: {counts or 'none'}"
            f"  beam: {row.n_found} of {len(row.sizes)}, smallest {row.smallest_found}"
            f"  ({row.n_scored} sets in {row.seconds:.0f} s; beam {row.beam_scored})"
        )
    n, n_found = sum(len(row.sizes) for row in rows), sum(row.n_found for row in rows)
    say(f"recall of the beam search: {n_found} of {n}" + (f" = {n_found / n:.3f}" if n else ""))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(
        json.dumps({"recall": [n_found, n], "images": [asdict(r) for r in rows]}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
