"""Memory against the number of images: ``python -m tests.benchmarks.memory 100 1000 5000``.

Sets of 32 x 32 px pictures under a tiny network, explained and measured, then rendered, each in a process of
its own. Prints seconds and the peak of the resident memory of each process as JSON; what counts is the
difference per image, as libraries alone take some hundred MiB. Of the pictures, ``--distinct`` are different:
the others are copies, whose results and figures are found in the store and in the cache, so that large sets
take minutes; all are decoded, looked up, put on pages and counted in statistics. ``--stage`` runs only one of
the two, and ``--in FOLDER`` keeps everything there for a second call.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gallery.curation.manifest import load_settings
from gallery.pipeline.site import render
from gallery.pipeline.workspace import Workspace
from tests.pipeline.silent import Silent

STAGES = ("explain", "render")


def peak_mib() -> float:
    """Return the most resident memory of this process so far.

    Not ``ru_maxrss``: a process started by a larger one begins with the peak of that.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return round(kib / 1024, 1)


def work(stage: str, folder: Path) -> None:
    """Do one stage in this process, and print the peak of its memory after every hundred images or pages."""
    manifest, workspace = folder / "set" / "gallery.toml", Workspace(folder)
    settings = load_settings(manifest)
    start, seen = time.perf_counter(), dict.fromkeys([""])

    def say(image: str) -> None:
        if image not in seen:
            seen[image] = None
            if len(seen) % 100 == 1:
                line = {"images": len(seen) - 1, "peak MiB": peak_mib()}
                print(json.dumps({stage: line}), flush=True)  # noqa: T201

    if stage == "explain":
        from gallery.pipeline.build import Job, explain_set  # noqa: PLC0415 - rendering needs no torch

        explain_set(Job(settings, manifest.parent, workspace, "cpu"), Silent(say))
    else:
        render(settings, workspace, Silent(say))
    seconds = round(time.perf_counter() - start, 1)
    row = {"images": len(settings.images), "seconds": seconds, "peak MiB": peak_mib()}
    print(json.dumps({f"{stage}, all": row}), flush=True)  # noqa: T201


def main() -> None:
    """Read the command line and print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_images", type=int, nargs="*")
    parser.add_argument("--distinct", type=int, default=20)
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--in", dest="folder", type=Path, help="Keep sets and results there.")
    parser.add_argument("--work", type=Path, help="For the processes this one starts.")
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.stage, arguments.work)
        return
    from tests.pipeline.real_set import write_set  # noqa: PLC0415 - imports torch; see above

    with tempfile.TemporaryDirectory(prefix="gallery-memory-") as temporary:
        for n_images in sorted(set(arguments.n_images)):
            folder = (arguments.folder or Path(temporary)) / str(n_images)
            if not (folder / "set" / "gallery.toml").is_file():
                write_set(folder / "set", n_images, n_distinct=arguments.distinct)
            for stage in [arguments.stage] if arguments.stage else STAGES:
                command = [sys.executable, "-m", "tests.benchmarks.memory", "--stage", stage]
                subprocess.run([*command, "--work", str(folder)], check=True)


if __name__ == "__main__":
    main()
