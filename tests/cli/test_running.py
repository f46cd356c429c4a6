"""Lines for machines and log files."""

import getpass
import json
import logging
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gallery.pipeline.events import SCHEMA_FILE
from tests.cli.commands import lines_of, log_of, run

SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))


def check(lines: list[dict[str, Any]]) -> None:
    """Check every line against the schema, which knows every key."""
    kinds = {
        kind: one["properties"]
        for one in SCHEMA["oneOf"]
        for kind in one["properties"]["event"].get("enum", [one["properties"]["event"].get("const")])
    }
    for line in lines:
        jsonschema.validate(line, SCHEMA)
        assert set(line) <= {"at", *kinds[line["event"]]}
    assert (lines[0]["event"], lines[-1]["event"]) == ("start", "exit")


def test_json_puts_one_object_per_line_on_stdout_and_text_on_stderr(tiny: Path, tmp_path: Path) -> None:
    result = run("measure", tiny, "--out", tmp_path / "out", "--json")
    lines = lines_of(result.stdout)
    check(lines)
    assert lines[0]["command"] == "measure"
    assert lines[-1]["code"] == result.exit_code == 0
    units = [line for line in lines if line["event"] == "unit"]
    (ended,) = [line for line in lines if line["event"] == "stage_end"]
    assert [line["done"] for line in units] == [*range(1, ended["done"] + 1)]
    assert ended["forwards"] == sum(line["forwards"] for line in units) > 0
    assert ended["tasks"]["search"]["done"] == 2
    assert "explain · Toy 4: 16 done" in result.stderr


def test_json_tells_of_failures_and_their_exit_code(tiny: Path, tmp_path: Path) -> None:
    (tiny.parent / "alpha.png").write_bytes(b"no picture")
    result = run("explain", tiny, "--out", tmp_path / "out", "--json", "--quiet")
    lines = lines_of(result.stdout)
    check(lines)
    assert [line["image"] for line in lines if line["event"] == "failed"] == ["alpha"]
    assert lines[-1]["code"] == result.exit_code == 1


def test_json_tells_why_a_command_was_refused(tmp_path: Path) -> None:
    result = run("build", tmp_path / "nowhere.toml", "--out", tmp_path / "out", "--json")
    error, ended = lines_of(result.stdout)
    for line in (error, ended):
        jsonschema.validate(line, SCHEMA)
    assert "nowhere.toml" in error["text"]
    assert ended["code"] == result.exit_code == 2


def test_the_log_holds_what_a_report_needs(tiny: Path, tmp_path: Path) -> None:
    run("explain", tiny, "--out", tmp_path / "out", "--quiet")
    lines = log_of(tmp_path / "out")
    check(lines)
    start = lines[0]
    assert (start["seed"], start["n_images"], start["settings"]["search"]["max_mses"]) == (5, 2, 1)
    assert {"numpy", "torch"} <= set(start["versions"])
    assert start["options"]["device"] == "auto"
    assert not [line for line in lines if line["event"] == "unit"]
    assert [line["tasks"]["grad_cam"]["done"] for line in lines if line["event"] == "stage_end"] == [2]


def test_the_log_holds_warnings_and_errors_without_local_paths(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)

    def broken(*_: object, **__: object) -> None:
        logging.getLogger("gallery").warning("%s is odd", out / "build")
        raise ValueError(f"{tiny} and {tmp_path / 'elsewhere'}")

    monkeypatch.setattr("gallery.pipeline.build.explain_set", broken)
    result = run("explain", tiny, "--out", out)
    assert result.exit_code == 3
    lines = log_of(out)
    check(lines)
    (warning,) = [line for line in lines if line["event"] == "warning"]
    (error,) = [line for line in lines if line["event"] == "error"]
    assert warning["text"] == "<out>/build is odd"
    assert (error["kind"], error["text"]) == ("ValueError", "<set>/gallery.toml and ~/elsewhere")
    assert lines[-1]["code"] == 3
    text = json.dumps(lines)
    assert str(tmp_path) not in text
    assert f"/{getpass.getuser()}/" not in text


def test_a_full_disk_ends_the_log_not_the_build(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = Path.open

    class Full:
        def __init__(self, stream: Any) -> None:  # noqa: ANN401
            self.stream = stream

        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.stream.close()

    def open_(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        stream = opened(path, *arguments, **options)
        return Full(stream) if path.suffix == ".jsonl" else stream

    monkeypatch.setattr(Path, "open", open_)
    result = run("explain", tiny, "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == 0
    assert [record.message for record in caplog.records if "the log ends here" in record.message]


def test_nothing_of_a_log_is_published(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("build", tiny, "--out", out, "--quiet").exit_code == 0
    assert log_of(out)
    assert not list((out / "site").rglob("*.jsonl"))
    leaking = [
        path
        for path in (out / "site").rglob("*")
        if path.is_file() and str(tmp_path).encode() in path.read_bytes()
    ]
    assert not leaking
