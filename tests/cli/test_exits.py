"""Exit codes: every end of a command has one, and the help and the README say what it means."""

import re
from pathlib import Path

import pytest
import typer

from gallery.cli.exits import MEANINGS, Exit, Terminated, code_of
from gallery.errors import BusyError, ConfigError
from tests.cli.commands import run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (typer.Exit(1), 1),
        (ConfigError("x"), 2),
        (PermissionError(13, "x"), 2),
        (ZeroDivisionError(), 3),
        (BusyError("x"), 4),
        (SystemExit(1), 1),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
    ],
)
def test_every_end_has_its_code(error: BaseException | None, code: int) -> None:
    assert code_of(error) == code
    assert Exit(code) in MEANINGS


def test_the_help_explains_every_code() -> None:
    shown = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", run("--help").output).split())
    for code, text in MEANINGS.items():
        assert f"{code.value}: {text}" in shown


def test_the_readme_lists_every_code() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    missing = [row for code, text in MEANINGS.items() if (row := f"| {code.value} | {text} |") not in readme]
    assert not missing
