"""Time the exact diverse selection: n candidates x kind x overlap, median seconds of five runs.

Run where the package is installed:

    python tests/benchmarks/diverse.py --sizes 100 300 500 1000

Kinds: ``random`` (sizes 2 to 15), ``copies`` (families that differ in one patch, what a beam returns),
``object`` (minimal sets of a made-up classifier that looks at one region), and ``triples`` (over 20 patches,
what an exhaustive search returns; hard). A line appears as soon as it is measured.
"""

import argparse
import math
import statistics
import sys
import time
from random import Random

from gallery.explain.search._largest import largest_packing

RUNS = 5


def random_sets(n: int, cells: int, random: Random) -> list[int]:
    """Return sets of 2 to 15 patches."""
    return [_mask(random.sample(range(cells), random.randint(2, 15))) for _ in range(n)]


def near_copies(n: int, cells: int, random: Random) -> list[int]:
    """Return families of 3 to 20 sets that differ from each other in one patch."""
    masks: list[int] = []
    while len(masks) < n:
        core = random.sample(range(cells), random.randint(3, 15))
        for _ in range(random.randint(3, 20)):
            kept = set(core) - {random.choice(core)}
            kept.add(random.choice([c for c in range(cells) if c not in kept]))
            masks.append(_mask(sorted(kept)))
    return masks[:n]


def object_sets(n: int, cells: int, random: Random) -> list[int]:
    """Return minimal sets that hold a third of the evidence, which sits in one blob."""
    side = math.isqrt(cells)
    centre = (random.uniform(0, side), random.uniform(0, side))
    weights = [math.exp(-18 * math.dist(divmod(c, side), centre) ** 2 / side**2) + 0.01 for c in range(cells)]
    masks = []
    for _ in range(n):
        kept, total = set(range(cells)), sum(weights)
        for cell in sorted(kept, key=lambda c: weights[c] * math.exp(random.gauss(0, 1))):
            if total - weights[cell] >= sum(weights) / 3:
                total -= weights[cell]
                kept.remove(cell)
        masks.append(_mask(sorted(kept)))
    return masks


def triples(n: int, cells: int, random: Random) -> list[int]:
    """Return sets of three patches out of 20."""
    return [_mask(random.sample(range(min(cells, 20)), 3)) for _ in range(n)]


def _mask(cells: list[int]) -> int:
    return sum(1 << cell for cell in cells)


KINDS = {"random": random_sets, "copies": near_copies, "object": object_sets, "triples": triples}


def measure(kind: str, n: int, cells: int, overlap: int) -> str:
    """Return a line of the table."""
    random = Random(f"{kind} {n} {cells}")
    masks = list(dict.fromkeys(KINDS[kind](n, cells, random)))
    values = [random.randrange(500_000, 10**6) for _ in masks]
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        chosen = largest_packing(masks, values, overlap)
        seconds.append(time.perf_counter() - start)
    return (
        f"{len(masks):5d} {kind:8} {cells:5d} {overlap:7d} {len(chosen):6d} {statistics.median(seconds):8.2f}"
    )


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300], help="candidates")
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=["random", "copies", "object"])
    parser.add_argument("--cells", type=int, nargs="+", default=[49, 196, 256], help="patches; squares")
    parser.add_argument("--overlaps", type=int, nargs="+", default=[0, 1, 2], help="patches shared at most")
    options = parser.parse_args()
    sys.stdout.write("    n kind     cells overlap chosen  seconds\n")
    for n in options.sizes:
        for kind in options.kinds:
            for cells in options.cells:
                for overlap in options.overlaps:
                    sys.stdout.write(measure(kind, n, cells, overlap) + "\n")
                    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
