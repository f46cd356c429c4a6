"""ONNX Runtime Web, which runs exported classifiers in browsers: from npm, one pinned version, checked.

Two files are taken from the package: a script and its WebAssembly. Pages opened from a folder (``file://``)
may load scripts, but neither modules nor anything else, so the script is turned from a module into a plain
script; nothing else in it is changed.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import PublishError

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
LICENCE = "MIT"
_SCRIPT, _WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
FILES = {
    _SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    _WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""File in the package's folder ``dist`` -> SHA-256."""
GLOBAL = "egOnnx"
"""What the plain script sets: ``{InferenceSession, Tensor, env}``."""
TIMEOUT_S = 300
_WANTED = ("InferenceSession", "Tensor", "env")
_EXPORTS = re.compile(r"export\{([^}]*)\};\s*(?://# sourceMappingURL=\S*\s*)?$")


@dataclass(frozen=True)
class Runtime:
    """What browsers need to run a classifier.

    Attributes:
        script: A plain script that sets ``GLOBAL``.
        wasm: WebAssembly, run in one thread.
    """

    script: bytes
    wasm: bytes


def load_runtime(cache: Path, given: Path | None = None) -> Runtime:
    """Return the runtime, from ``given``, the cache or npm, and keep it in the cache.

    Args:
        cache: Folder that keeps the two files; created if need be.
        given: The package as npm packs it (.tgz), or a folder that holds it or its files; None asks the cache
            first, then npm.

    Raises:
        PublishError: If it cannot be had, or is not the pinned version; the message says what to do.
    """
    folder = cache / f"{PACKAGE}-{VERSION}"
    if given is None:
        try:
            return _plain(_checked({name: (folder / name).read_bytes() for name in FILES}, str(folder)))
        except (FileNotFoundError, NotADirectoryError, PublishError):
            pass  # not fetched yet, or damaged: fetched again
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".npm-") as draft:
        found = _read_given(_pack_with_npm(Path(draft)) if given is None else given)
        fresh = Path(draft, "fresh")
        fresh.mkdir()
        for name, content in found.items():
            (fresh / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return _plain(found)


def _pack_with_npm(folder: Path) -> Path:
    """Have npm download the package into ``folder``; nothing in it is run."""
    wanted = f"{PACKAGE}@{VERSION}"
    remedy = (
        f'Or get {wanted} elsewhere (npm pack {wanted}) and name the file: live_runtime = "file.tgz" in the '
        "manifest."
    )
    npm = shutil.which("npm")
    if npm is None:
        raise PublishError(
            f"live = true needs {wanted}, which npm downloads once; npm is not installed. Install Node.js "
            f"with npm. {remedy}"
        )
    command = [npm, "pack", wanted, "--ignore-scripts", "--loglevel=error", f"--pack-destination={folder}"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        reason = f"no answer within {TIMEOUT_S} s"
    else:
        files = sorted(folder.glob("*.tgz"))
        if done.returncode == 0 and len(files) == 1:
            return files[0]
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = " ".join(lines[:2])[:300] or f"npm ended with {done.returncode}"
    raise PublishError(
        f"live = true needs {wanted}, which cannot be downloaded: {reason}. Check the network and npm's "
        f"settings, and run again. {remedy}"
    )


def _read_given(given: Path) -> dict[str, bytes]:
    """Return the two files out of a package or a folder, checked."""
    try:
        if given.is_dir():
            folders = (given, given / "dist", given / "package" / "dist")
            folder = next((one for one in folders if (one / _SCRIPT).is_file()), given / "dist")
            found = {name: (folder / name).read_bytes() for name in FILES}
        else:
            with tarfile.open(given) as tar:
                found = {name: _member(tar, f"package/dist/{name}") for name in FILES}
    except (OSError, KeyError, tarfile.TarError) as error:
        raise PublishError(
            f"{given}: does not hold {PACKAGE} {VERSION} ({error}). Give the file that "
            f"`npm pack {PACKAGE}@{VERSION}` writes, or the folder it unpacks to."
        ) from error
    return _checked(found, str(given))


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is no file")
    return file.read()


def _checked(found: dict[str, bytes], where: str) -> dict[str, bytes]:
    for name, content in found.items():
        if (digest := hashlib.sha256(content).hexdigest()) != FILES[name]:
            raise PublishError(
                f"{where}: {name} is not that of {PACKAGE} {VERSION}, or damaged: SHA-256 {digest}, expected "
                f"{FILES[name]}. Get it again: npm pack {PACKAGE}@{VERSION}"
            )
    return found


def _plain(files: dict[str, bytes]) -> Runtime:
    return Runtime(plain_script(files[_SCRIPT].decode()).encode(), files[_WASM])


def plain_script(module: str) -> str:
    """Return an ECMAScript module without imports as a plain script that sets ``GLOBAL``.

    Raises:
        PublishError: If it does not export what is needed.
    """
    exports = _EXPORTS.search(module)
    pairs = (pair.split(" as ") for pair in exports[1].split(",")) if exports else ()
    names = {outer.strip(): inner.strip() for inner, outer in (pair for pair in pairs if len(pair) == 2)}
    if exports is None or not names.keys() >= {*_WANTED}:
        raise PublishError(f"{_SCRIPT}: does not export {', '.join(_WANTED)} at its end.")
    body = module[: exports.start()].replace("import.meta.url", "egHere")
    chosen = ",".join(f"{name}:{names[name]}" for name in _WANTED)
    return f"(()=>{{const egHere=document.currentScript.src;\n{body}\nwindow.{GLOBAL}={{{chosen}}};}})();\n"
