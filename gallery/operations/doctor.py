"""Whether this machine can build galleries: every check says what it found and, if need be, what to do.

Checks never raise: what a check stumbles over is what it has found.
"""

import importlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import ImageFont, features

from gallery.errors import GalleryError
from gallery.installed import installed, python_wanted
from gallery.operations.finding import Finding
from gallery.pipeline.logbook import n_cpus
from gallery.templates import mkdocs_config_file

GIB = 2**30
LEAST_DISK, GOOD_DISK = GIB // 2, 5 * GIB
LEAST_MEMORY, GOOD_MEMORY = GIB, 3 * GIB
"""Bytes below which a build fails or may fail, and from which it has room; a build of the default set takes
about 1 GB of memory."""
MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
"""Where Linux says how much memory there is, and how much of it a container may take."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


Check = Callable[[], Finding]


def examine(out_dir: Path, classifiers: Sequence[str], set_folder: Path) -> list[Finding]:
    """Run every check.

    Args:
        out_dir: Where a build would write.
        classifiers: Specs of those whose weights are looked at.
        set_folder: The manifest's folder, which paths of weights start from.

    Cost:
        Some seconds: torch is imported, ``dot`` is run, weights are read.
    """
    checks: list[tuple[str, Check]] = [
        ("Python", python), ("packages", packages), ("torch", torch_works), ("device", device),
        ("threads", threads), ("memory", memory), ("disk", lambda: disk(out_dir)), ("dot", dot),
        ("fonts", fonts), ("templates", templates),
        *((f"weights of {spec}", partial(weights, spec, set_folder)) for spec in classifiers),
        ("Chromium", chromium),
    ]  # fmt: skip
    return [_tried(name, check) for name, check in checks]


def _tried(name: str, check: Check) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a broken library may raise anything, and that is the finding
        fix = "Install the package again in a fresh virtual environment."
        return Finding(name, "fault", f"{type(error).__name__}: {error}", fix)


def python() -> Finding:
    """Check Python's version."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    wanted = python_wanted()
    if not wanted.contains(platform.python_version(), prereleases=True):
        return Finding("Python", "fault", found, f"Use Python {wanted}.")
    return Finding("Python", "ok", found)


def packages() -> Finding:
    """Check that everything needed is installed in a version that is asked for."""
    found = installed()
    wrong = [f"{one.requirement} (found {one.version or 'none'})" for one in found if not one.fits]
    if not found:
        return Finding("packages", "warning", "gallery itself is not installed", "pip install -e .")
    if wrong:
        fix = "pip install " + " ".join(f"'{one.requirement}'" for one in found if not one.fits)
        return Finding("packages", "fault", ", ".join(wrong), fix)
    return Finding("packages", "ok", f"all {len(found)} that are needed, in versions that are asked for")


def torch_works() -> Finding:
    """Check that torch and torchvision run, and belong together: torchvision's own operators need torch's."""
    torch: Any = importlib.import_module("torch")
    found = f"torch {torch.__version__}"
    try:
        torchvision: Any = importlib.import_module("torchvision")
        boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
        importlib.import_module("torchvision.ops").nms(boxes, torch.tensor([1.0]), 0.5)
    except (RuntimeError, ImportError, AttributeError, OSError) as error:
        fix = "Install a torchvision that belongs to this torch: pip install --upgrade torch torchvision"
        return Finding("torch", "fault", f"{found}, torchvision: {error}", fix)
    return Finding("torch", "ok", f"{found}, torchvision {torchvision.__version__}")


def device() -> Finding:
    """Check what ``--device auto`` means, and that it can compute."""
    torch: Any = importlib.import_module("torch")
    if not torch.cuda.is_available():
        if shutil.which("nvidia-smi"):
            fix = "Install a torch built for this driver (see pytorch.org); until then, builds use the CPU."
            return Finding("device", "warning", "there is an NVIDIA driver, but torch sees no GPU", fix)
        return Finding("device", "ok", "cpu")
    free, total = torch.cuda.mem_get_info()
    name = f"{torch.cuda.get_device_name()} ({free / GIB:.1f} of {total / GIB:.1f} GiB free)"
    try:
        torch.ones(8, 8, device="cuda").matmul(torch.ones(8, 8, device="cuda")).sum().item()
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        return Finding(
            "device", "fault", f"{name}: {reason}", "Use --device cpu, or update the GPU's driver."
        )
    if free < GIB:
        return Finding(
            "device", "warning", name, "Another program fills the GPU: end it, or use --device cpu."
        )
    return Finding("device", "ok", name)


def threads() -> Finding:
    """Check that torch takes as many threads as there are cores."""
    torch: Any = importlib.import_module("torch")
    n, cores = torch.get_num_threads(), n_cpus()
    found = f"torch takes {n} of {cores} cores"
    if n > cores:
        fix = f"Threads wait for each other: set OMP_NUM_THREADS={cores}."
        return Finding("threads", "warning", found, fix)
    if n < cores / 2:
        return Finding(
            "threads", "warning", found, "Unset OMP_NUM_THREADS, if no other program needs the cores."
        )
    return Finding("threads", "ok", found)


def memory() -> Finding:
    """Check how much memory is left, to this process if it runs in a container; only Linux says."""
    file = MEMINFO
    if not file.is_file():
        return Finding("memory", "ok", "not known on this system")
    lines = dict(line.split(":", 1) for line in file.read_text(encoding="ascii").splitlines())
    free, total = (int(lines[key].split()[0]) * 1024 for key in ("MemAvailable", "MemTotal"))
    limit, used = (_number(CGROUP / name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None and limit < total:
        free, total = min(free, limit - used), limit
    found = f"{free / GIB:.1f} of {total / GIB:.1f} GiB available"
    return _enough("memory", found, free, (LEAST_MEMORY, GOOD_MEMORY), "End other programs.")


def _number(file: Path) -> int | None:
    """Return the number in a file of the system; None if there is none, as in "max"."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def disk(out_dir: Path) -> Finding:
    """Check that the output folder can be written and has room."""
    place = next(folder for folder in (out_dir, *out_dir.parents) if folder.is_dir())
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as error:
        reason = f"{place}: cannot be written ({error.strerror})"
        return Finding("disk", "fault", reason, "Choose another folder with --out.")
    free = shutil.disk_usage(place).free
    found = f"{free / GIB:.1f} GiB free in {place}"
    return _enough("disk", found, free, (LEAST_DISK, GOOD_DISK), "Free some space; --estimate says how much.")


def _enough(name: str, found: str, free: int, limits: tuple[int, int], fix: str) -> Finding:
    if free < limits[0]:
        return Finding(name, "fault", found, fix)
    return Finding(name, "warning", found, fix) if free < limits[1] else Finding(name, "ok", found)


def dot() -> Finding:
    """Check that Graphviz' ``dot`` lays out a graph."""
    how = "apt-get install graphviz (Debian, Ubuntu), dnf install graphviz (Fedora), brew install graphviz"
    program = shutil.which("dot")
    if program is None:
        return Finding(
            "dot", "fault", "Graphviz' dot was not found; it draws attention graphs", f"Install it: {how}"
        )
    said = subprocess.run(
        [program, "-V"], capture_output=True, text=True, timeout=60, check=False
    ).stderr.strip()
    drawn = subprocess.run(
        [program, "-Tjson"],
        input="digraph { a -> b }",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if drawn.returncode or '"pos"' not in drawn.stdout:
        reason = (drawn.stderr.strip() or f"exit code {drawn.returncode}").splitlines()[0]
        return Finding("dot", "fault", f"{said}, but it draws nothing: {reason}", f"Install it again: {how}")
    return Finding("dot", "ok", said)


def fonts() -> Finding:
    """Check that Pillow can write text of any size, which PNG figures need; SVG and PDF bring no fonts."""
    if not features.check("freetype2"):
        fix = "pip install --force-reinstall --only-binary :all: pillow"
        return Finding("fonts", "fault", "Pillow was built without FreeType", fix)
    font: Any = ImageFont.load_default(20)
    if font.getlength("W") <= font.getlength("i"):
        return Finding(
            "fonts", "fault", "Pillow's own font is missing", "pip install --force-reinstall pillow"
        )
    return Finding("fonts", "ok", f"{' '.join(font.getname())}, from Pillow")


def weights(spec: str, set_folder: Path) -> Finding:
    """Check that the weights of a classifier are there and whole."""
    # Imported here, as it needs torch, whose absence is another finding.
    from gallery.operations.weights import weights_finding  # noqa: PLC0415

    return weights_finding(spec, set_folder)


def templates() -> Finding:
    """Check that the page templates are there."""
    try:
        mkdocs_config_file()
    except GalleryError as error:
        return Finding("templates", "fault", str(error), "pip install --force-reinstall explanation-gallery")
    return Finding("templates", "ok", "page templates and theme are there")


def chromium() -> Finding:
    """Look for Chromium and its driver, which only the browser tests need."""
    browser = next((name for name in CHROMIUM if shutil.which(name)), None)
    missing = [
        *([] if browser else ["Chromium"]),
        *([] if shutil.which("chromedriver") else ["chromedriver"]),
    ]
    if missing:
        return Finding("Chromium", "ok", f"no {' and no '.join(missing)}; only the browser tests need it")
    return Finding("Chromium", "ok", f"{browser} and chromedriver, for the browser tests")
