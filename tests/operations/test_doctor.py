"""What the doctor finds, and that a broken part is a finding and not the end of it."""

import subprocess
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from gallery.classifier._download import NotDownloadedError
from gallery.installed import DISTRIBUTION
from gallery.operations import doctor
from gallery.operations.finding import Finding
from gallery.operations.weights import weights_finding

Usage = namedtuple("Usage", "total used free")


def test_a_check_that_stumbles_is_a_fault_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble() -> Finding:
        raise ZeroDivisionError("oh")

    for name in ("torch_works", "dot", "device"):
        monkeypatch.setattr(doctor, name, stumble)
    found = {one.name: one for one in doctor.examine(tmp_path, [], tmp_path)}
    assert {name for name, one in found.items() if one.status == "fault"} == {"torch", "dot", "device"}
    assert found["dot"].found == "ZeroDivisionError: oh"
    assert all(one.fix for one in found.values() if one.status != "ok")


def test_dot_missing_and_dot_crashing_are_faults_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.dot().status == "ok"

    def crash(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":  # noqa: ANN401
        failed = "-V" not in command
        return subprocess.CompletedProcess(command, int(failed), "", "no plugins" if failed else "dot 2.43")

    monkeypatch.setattr("subprocess.run", crash)
    crashing = doctor.dot()
    assert (crashing.status, crashing.found) == ("fault", "dot 2.43, but it draws nothing: no plugins")
    monkeypatch.setattr("shutil.which", lambda _: None)
    missing = doctor.dot()
    assert missing.status == "fault"
    assert "apt-get install graphviz" in missing.fix


@pytest.mark.parametrize(("free", "status"), [(2**20, "fault"), (2**30, "warning"), (2**34, "ok")])
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(2**40, 0, free))
    assert doctor.disk(tmp_path / "not/there/yet").status == status


def test_memory_is_that_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n")
    monkeypatch.setattr(doctor, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(doctor, "CGROUP", tmp_path)
    assert (doctor.memory().status, doctor.memory().found) == ("ok", "8.0 of 16.0 GiB available")
    (tmp_path / "memory.max").write_text(f"{2**31}\n")
    (tmp_path / "memory.current").write_text(f"{2**31 - 2**29}\n")
    assert (doctor.memory().status, doctor.memory().found) == ("fault", "0.5 of 2.0 GiB available")


def test_a_package_that_is_missing_or_too_old_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["numpy>=2", "pillow>=9999", "no-such-package>=1", 'ray>=2; extra == "ray"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: asked if name == DISTRIBUTION else None)
    found = doctor.packages()
    assert found.status == "fault"
    assert "no-such-package>=1 (found none), pillow>=9999 (found " in found.found
    assert found.fix == "pip install 'no-such-package>=1' 'pillow>=9999'"


def test_threads_beyond_the_cores_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: 64)
    monkeypatch.setattr(doctor, "n_cpus", lambda: 4)
    assert doctor.threads().fix == "Threads wait for each other: set OMP_NUM_THREADS=4."


def test_weights_are_never_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def dial(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("gallery.classifier._download.urlopen", dial)
    found = weights_finding("torchvision:squeezenet1_1", tmp_path)
    assert found.status == "warning"
    assert "would be downloaded to" in found.found
    assert not list(tmp_path.rglob("*.pth"))
    assert issubclass(NotDownloadedError, Exception)


def test_damaged_and_unknown_weights_are_faults(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"no tensors")
    for spec in ("checkpoint:mine.safetensors?arch=timm:resnet18", "embeded:efficientnet_lite0"):
        found = weights_finding(spec, tmp_path)
        assert (found.status, bool(found.fix)) == ("fault", True)
