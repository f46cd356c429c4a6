"""What runs classifiers in browsers: pinned, checked, fetched once, or given."""

import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.publish import runtime
from gallery.publish.runtime import load_runtime, plain_script

MODULE = (
    "/*! (c) */let a=import.meta.url;export{b as InferenceSession,c as Tensor,d as default,e as env};\n"
    "//# sourceMappingURL=x.map\n"
)
CONTENT = {
    "ort.wasm.bundle.min.mjs": MODULE.encode(),
    "ort-wasm-simd-threaded.wasm": b"\0asm and so on",
}
NPM = """#!/bin/sh
echo "$@" >> "{log}"
for last in "$@"; do :; done
cp "{package}" "${{last#--pack-destination=}}/package.tgz"
"""
NPM_WITHOUT_NETWORK = "#!/bin/sh\necho 'npm error network getaddrinfo ENOTFOUND' >&2\nexit 1\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package whose files are the pinned ones."""
    monkeypatch.setattr(
        runtime, "FILES", {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    )
    file = tmp_path / "given.tgz"
    with tarfile.open(file, "w:gz") as tar:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def install_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder.mkdir()
    (folder / "npm").write_text(script)
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_module_becomes_a_plain_script() -> None:
    assert plain_script(MODULE) == (
        "(()=>{const egHere=document.currentScript.src;\n/*! (c) */let a=egHere;\n"
        "window.egOnnx={InferenceSession:b,Tensor:c,env:e};})();\n"
    )


@pytest.mark.parametrize("module", ["let a=1;", "export{b as InferenceSession};", "export{a};let b=1;"])
def test_a_module_that_exports_something_else_is_refused(module: str) -> None:
    with pytest.raises(PublishError, match="does not export InferenceSession, Tensor, env"):
        plain_script(module)


def test_npm_is_asked_once(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    install_npm(tmp_path / "bin", monkeypatch, NPM.format(log=log, package=package))
    first = load_runtime(tmp_path / "cache")
    assert first.wasm == CONTENT["ort-wasm-simd-threaded.wasm"]
    assert b"window.egOnnx" in first.script
    assert load_runtime(tmp_path / "cache") == first
    assert log.read_text().count(f"pack onnxruntime-web@{runtime.VERSION} --ignore-scripts") == 1
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [f"onnxruntime-web-{runtime.VERSION}"]


def test_a_damaged_cache_is_fetched_again(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_runtime(tmp_path / "cache", package)
    wasm = next((tmp_path / "cache").rglob("*.wasm"))
    wasm.write_bytes(b"damaged")
    install_npm(tmp_path / "bin", monkeypatch, NPM.format(log=tmp_path / "log", package=package))
    assert load_runtime(tmp_path / "cache").wasm == CONTENT[wasm.name] == wasm.read_bytes()


def test_a_folder_serves_as_well(package: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(package, tmp_path / "unpacked", filter="data")
    for folder in ("unpacked", "unpacked/package", "unpacked/package/dist"):
        assert load_runtime(tmp_path / "cache", tmp_path / folder) == load_runtime(tmp_path / "c", package)


def test_without_a_network_the_message_says_what_else_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_npm(tmp_path / "bin", monkeypatch, NPM_WITHOUT_NETWORK)
    with pytest.raises(
        PublishError, match=r"cannot be downloaded: .*ENOTFOUND.*live_runtime = \"file\.tgz\""
    ):
        load_runtime(tmp_path / "cache")


def test_without_npm_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PublishError, match="npm is not installed"):
        load_runtime(tmp_path / "cache")


def test_another_version_is_refused_with_both_digests(package: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(package, tmp_path / "other", filter="data")
    (tmp_path / "other/package/dist/ort-wasm-simd-threaded.wasm").write_bytes(b"other")
    with pytest.raises(PublishError, match=r"other: ort-wasm-simd-threaded\.wasm is not that of .* expected"):
        load_runtime(tmp_path / "cache", tmp_path / "other")


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "package.tgz"
    file.write_bytes(content)
    with pytest.raises(PublishError, match=r"package\.tgz: does not hold onnxruntime-web"):
        load_runtime(tmp_path / "cache", file)
    with pytest.raises(PublishError, match="absent: does not hold onnxruntime-web"):
        load_runtime(tmp_path / "cache", tmp_path / "absent")
