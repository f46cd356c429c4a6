"""Does the attention loss disentangle? FactorVAE against AD-FactorVAE over several seeds, by majority vote.

    python -m tests.benchmarks.disentanglement build/bench/vae --steps 3000 --out build/bench/vae.json

A set shows the file written by --out if its manifest names it in ``[vae.results]``.

Every run trains in a folder of its own below the one named and goes on there when called again. Both
families have the same seeds, so that seed for seed they start from the same weights and see the same
pictures; what is compared is the difference per seed. Intervals are Student's t over seeds.

The paper trains for 300,000 steps. What this measures with fewer says how the losses behave early in
training; it neither confirms nor refutes the published figures, which are printed beside it with their
sources.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from statistics import fmean, stdev

from gallery.classifier.load import device_of
from gallery.errors import GalleryError
from gallery.generative.assess import disentangle, open_trained
from gallery.generative.checkpoint import torch_version
from gallery.generative.data import load
from gallery.generative.families import weights_of
from gallery.generative.settings import TrainSettings
from gallery.generative.train import Trainer, train
from gallery.generative.votes import Voting
from gallery.render.pages.generative.published import PAPER_STEPS, REPORTED

FAMILIES = ("factor_vae", "ad_factor_vae")


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Return mean and 95 % limits by Student's t; no limits for fewer than two values."""
    n, mean = len(values), fmean(values)
    if n < 2:
        return {"mean": mean, "low": None, "high": None}
    half = float(import_module("scipy.stats").t.ppf(0.975, n - 1)) * stdev(values) / math.sqrt(n)
    return {"mean": mean, "low": mean - half, "high": mean + half}


def settings_of(family: str, seed: int, options: argparse.Namespace) -> TrainSettings:
    """Return the settings of one training."""
    weights = weights_of(family, {"attention": options.attention if family == "ad_factor_vae" else None})
    return TrainSettings(
        data="dsprites:", family=family, weights=weights, latents=10, attention_layer=options.layer,
        discriminator_width=options.discriminator_width, learning_rate=options.rate, steps=options.steps,
        seed=seed,
    )  # fmt: skip


def run(family: str, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """Train and measure one model."""
    settings = settings_of(family, seed, options)
    folder, device = options.folder / f"{family}-{seed}", device_of(options.device)
    train(Trainer(settings, load("dsprites:", 64).train, device), folder, lambda step, losses: None)
    vote = disentangle(open_trained(folder, device=device), Voting(n_votes=options.votes))
    sys.stderr.write(f"{family}, seed {seed}: {vote.accuracy:.3f}\n")
    return {"family": family, "seed": seed, **asdict(vote), "table": vote.table.tolist()}


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return everything as plain values."""
    runs = [run(family, seed, options) for seed in range(options.seeds) for family in FAMILIES]
    found = {
        family: [float(str(r["accuracy"])) for r in runs if r["family"] == family] for family in FAMILIES
    }
    differences = [b - a for a, b in zip(*found.values(), strict=True)]
    return {
        "steps": options.steps,
        "share_of_the_papers_steps": options.steps / PAPER_STEPS,
        "runs": runs,
        "accuracy": {family: interval(values) for family, values in found.items()},
        "difference": interval(differences),
        "published": [asdict(table) for table in REPORTED],
        "settings": {family: settings_of(family, 0, options).as_json() for family in FAMILIES},
        "n_votes": options.votes,
        "torch": torch_version(),
        "device": device_of(options.device),
    }


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="one folder per run is made in it")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, from 0")
    parser.add_argument("--attention", type=float, default=1.0, help="lambda of the attention loss")
    parser.add_argument("--layer", type=int, default=1, help="convolution whose maps it compares, from 0")
    parser.add_argument("--discriminator-width", type=int, default=1000, help="the paper: 1000")
    parser.add_argument("--rate", type=float, default=1e-4, help="of Adam, for the autoencoder")
    parser.add_argument("--votes", type=int, default=800)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n>")
    parser.add_argument("--out", type=Path, help="also write everything to this JSON file")
    options = parser.parse_args()
    try:
        measured = measure(options)
    except (GalleryError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    text = json.dumps(measured, indent=1)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
