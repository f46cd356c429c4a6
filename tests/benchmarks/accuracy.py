"""Measure a classifier's top-1 and top-5 accuracy on a folder of labelled photographs.

The folder holds ``labels.csv`` with the columns ``file`` and ``class_index``. Run where the package is
installed, such as in the environment that ``make`` sets up:

    python tests/benchmarks/accuracy.py ../shared/data/imagenet100 --classifier embedded:efficientnet_lite0
"""

import argparse
import csv
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from gallery.classifier.load import load_classifier
from gallery.errors import GalleryError
from gallery.preprocess import preprocess
from gallery.records import UInt8

Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the standard normal distribution."""


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson, 1927)."""
    p, z2 = hits / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return centre - half, centre + half


def read_labels(folder: Path) -> list[tuple[Path, int]]:
    """Return the photographs and class indices that ``labels.csv`` lists."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [(folder / row["file"], int(row["class_index"])) for row in csv.DictReader(file)]


def read_pixels(path: Path) -> UInt8:
    """Return a photograph as (H, W, 3) uint8 RGB, orientation applied."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def measure(folder: Path, spec: str, device: str, batch: int) -> str:
    """Return the report's lines."""
    classifier = load_classifier(spec, device=device)
    labels = read_labels(folder)
    hits = {1: 0, 5: 0}
    began = time.perf_counter()
    for start in range(0, len(labels), batch):
        part = labels[start : start + batch]
        inputs = np.concatenate([preprocess(read_pixels(p), classifier.card.preprocessing) for p, _ in part])
        with torch.inference_mode():
            logits = classifier.module(torch.from_numpy(inputs).to(classifier.device))
        ranked = logits.topk(5, dim=1).indices.cpu()
        truth = torch.tensor([index for _, index in part])[:, None]
        for k in hits:
            hits[k] += int((ranked[:, :k] == truth).any(dim=1).sum())
    seconds, n = time.perf_counter() - began, len(labels)
    lines = [f"{spec} (digest {classifier.card.digest[:12]}) on {folder.name}: n = {n}, {seconds:.1f} s"]
    for k, count in hits.items():
        low, high = wilson(count, n)
        lines.append(
            f"top-{k}: {count / n:.3f} ({count}/{n}), 95 % interval {low:.3f} to {high:.3f} (Wilson)"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="photographs and labels.csv")
    parser.add_argument("--classifier", default="embedded:efficientnet_lite0", help="<source>:<model>")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n>")
    parser.add_argument("--batch", type=int, default=16, help="photographs per forward pass")
    options = parser.parse_args()
    try:
        report = measure(options.folder, options.classifier, options.device, options.batch)
    except (GalleryError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    sys.stdout.write(f"{report}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
