"""Errors nobody foresaw: a short message, the traceback in a file, and on the screen only with --debug."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gallery import cli
from gallery.cli.friendly import friendly
from gallery.cli.options import HERE, OutPath
from gallery.errors import ConfigError
from tests.cli.commands import run


def ended(error: BaseException, *arguments: str) -> Result:
    """Run a command that raises ``error``."""
    app = typer.Typer(pretty_exceptions_enable=False)

    def fail(out_dir: OutPath = HERE) -> None:
        raise error

    app.command()(friendly(fail))
    return CliRunner().invoke(app, list(arguments))


def test_an_unexpected_error_is_short_and_its_traceback_is_kept(tmp_path: Path) -> None:
    result = ended(ZeroDivisionError("[by] nothing"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 3
    assert result.stderr.splitlines()[0] == "Unexpected error: ZeroDivisionError: [by] nothing"
    assert "Traceback" not in result.stderr
    assert "Please report it" in result.stderr
    named = re.search(r"The traceback is in (.+)", result.stderr)
    assert named
    assert Path(named[1]).parent == tmp_path / "out/build/logs"
    assert "ZeroDivisionError: [by] nothing" in Path(named[1]).read_text("utf-8")


def test_where_nothing_can_be_written_the_traceback_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/build").write_text("a file, no folder")
    ended(ZeroDivisionError(), "--out", str(tmp_path / "out"))
    (kept,) = (tmp_path / "temporary").iterdir()
    assert "ZeroDivisionError" in kept.read_text("utf-8")


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), ConfigError("x")], ids=lambda e: type(e).__name__)
def test_debug_shows_the_traceback(tmp_path: Path, error: Exception) -> None:
    result = ended(error, "--out", str(tmp_path), "--debug")
    assert "Traceback (most recent call last)" in result.stderr
    assert "in fail" in result.stderr
    assert not list(tmp_path.iterdir())


def test_every_command_has_debug() -> None:
    groups = {"store": cli.STORE_COMMANDS, "vae": cli.VAE_COMMANDS, "concepts": cli.CONCEPT_COMMANDS}
    for command in (*cli.COMMANDS, *cli.STORE_COMMANDS, *cli.VAE_COMMANDS, *cli.CONCEPT_COMMANDS):
        group = [name for name, commands in groups.items() if command in commands]
        assert "--debug" in run(*group, command.__name__, "--help").output


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), SystemExit(1)], ids=repr)
def test_a_reader_that_went_away_is_no_error(error: BaseException) -> None:
    result = ended(error)
    assert (result.exit_code, result.stderr) == (1, "")


TERMINATED = """
import os, signal
from gallery import cli
from gallery.cli.friendly import friendly
def wait() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
cli.app.command()(friendly(wait))
cli.main()
"""


def test_a_scheduler_s_signal_stops_like_ctrl_c() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED, "wait"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 143
    assert done.stderr.startswith("Stopped. What is finished is kept")


def test_completion_knows_commands_and_options() -> None:
    shell = {"_GALLERY_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    bare = [sys.executable, "-c", "from gallery.cli import app; app(prog_name='gallery')"]
    done = subprocess.run(
        bare, env={**shell, "COMP_WORDS": "gallery ex"}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["explain", "export"]
