"""``gallery doctor``: what it prints, and its exit code."""

import json
from pathlib import Path

import pytest

from gallery.operations.finding import Finding
from tests.cli.commands import run


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warning", 0), ("fault", 1)])
def test_faults_alone_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, code: int) -> None:
    found = [Finding("dot", status, "[odd]", "mend it" if status != "ok" else "")]  # type: ignore[arg-type]
    monkeypatch.setattr("gallery.operations.doctor.examine", lambda *_: found)
    shown = run("doctor", "--out", tmp_path)
    assert shown.exit_code == code
    assert "dot: [odd]" in shown.stdout
    assert ("fix: mend it" in shown.stdout) == (status != "ok")
    told = run("doctor", "--out", tmp_path, "--json")
    assert told.exit_code == code
    assert json.loads(told.stdout)["faults"] == code
