"""The command line: what is printed where, and with which exit code."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

import gallery
from gallery import cli
from gallery.cli.friendly import friendly
from gallery.curation.toml_text import toml_value
from gallery.errors import GalleryError
from tests.pipeline import toy

COMMANDS = (
    "init", "add", "check", "explain", "measure", "merge", "render", "publish", "build", "export", "serve",
    "bench", "doctor",
)  # fmt: skip
CALLBACKS = {c.callback.__name__: c.callback for c in cli.app.registered_commands if c.callback}
TOY_SET = """\
title = "Tiny"
classifiers = ["toy:4"]
methods = { grad_cam = {} }
perturbation = { rows = 2, cols = 2, baseline = "black" }
search = { n_random = 2, max_mses = 1 }
measures = { names = ["deletion"], step_px = 512 }
"""


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def plain(text: str) -> str:
    """Return text without terminal codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a small photograph."""
    return write_photo(tmp_path / "photo.png")


def write_photo(path: Path) -> Path:
    """Write a small photograph."""
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_set(folder: Path, text: str, *names: str) -> Path:
    """Write a manifest with an image for each name."""
    images = "".join(f"\n[[images]]\nsource = {toml_value(f'file:{name}')}\n" for name in names)
    path = folder / "gallery.toml"
    path.write_text(text + images, encoding="utf-8")
    return path


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a set of two photographs for the toy classifier, which takes milliseconds to explain."""
    toy.patch_classifiers(monkeypatch)
    for name in ("a.png", "bb.png"):
        write_photo(tmp_path / name)
    return write_set(tmp_path, TOY_SET, "a.png", "bb.png")


# --- help -------------------------------------------------------------------------------------------------


def test_help_lists_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert set(COMMANDS) == set(CALLBACKS)
    assert all(re.search(rf"\b{name}\b", plain(result.output)) for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in plain(result.output)
    text = " ".join(plain(result.output).split())
    assert (CALLBACKS[command].__doc__ or "?")[:40] in text


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"{gallery.__version__}\n")


def test_no_arguments_show_help_as_a_usage_error() -> None:
    result = run()
    assert result.exit_code == 2
    assert "build" in result.output


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    assert run("bild").exit_code == 2
    assert run("build", "--quite").exit_code == 2


# --- init, add, check -------------------------------------------------------------------------------------


def test_init_add_check(tmp_path: Path, photo: Path) -> None:
    folder = tmp_path / "my set"
    started = run("init", folder)
    assert started.exit_code == 0, started.output
    assert f"wrote {folder / 'gallery.toml'}" in started.stdout
    assert f"Next: gallery add PHOTO... --set '{folder}', then gallery build '{folder}'" in started.stdout
    added = run("add", photo, photo, "--set", folder)
    assert (added.exit_code, added.stdout) == (0, "added photo\n1 already in the set\n")
    checked = run("check", folder)
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout == f"{folder / 'gallery.toml'}: no problems\n"


def test_init_s_hint_is_right(tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hint = run("init", "[x] y").stdout.splitlines()[-1]
    match = re.fullmatch(r"Next: gallery (add) PHOTO\.\.\. (--set) '(.*)', then gallery build '(.*)'", hint)
    assert match
    assert run(match[1], photo.name, match[2], match[3]).exit_code == 0
    assert run("check", match[4]).exit_code == 0


def test_init_leaves_an_existing_set_alone(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text("mine")
    result = run("init", tmp_path)
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert (tmp_path / "gallery.toml").read_text() == "mine"


def test_the_default_set_has_no_problems() -> None:
    result = run("check")
    assert result.exit_code == 0, result.stderr


def test_check_lists_all_problems_at_once(tmp_path: Path, photo: Path) -> None:
    text = """\
title = "T"
classifiers = ["torchvison:resnet18"]
methods = { grad_cm = {}, rise = { masks = 3 } }
measures = { names = ["delation"] }
"""
    result = run("check", write_set(tmp_path, text, photo.name, "missing.png"))
    assert result.exit_code == 1
    assert result.stdout == ""
    for hint in ("'grad_cam'", "'n_masks'", "'deletion'", "'torchvision'", "missing.png"):
        assert hint in result.stderr
    assert "5 problems" in result.stderr


def test_check_reports_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    result = run("check", write_set(tmp_path, "title = 1\n[serch]\n"))
    assert result.exit_code == 1
    assert "Did you mean 'search'" in result.stderr


@pytest.mark.parametrize("command", ["explain", "measure", "render", "publish", "build", "check"])
def test_a_missing_manifest_is_named(tmp_path: Path, command: str) -> None:
    where: list[str | Path] = [] if command == "check" else ["--out", tmp_path]
    result = run(command, tmp_path / "nowhere.toml", *where)
    assert result.exit_code == (1 if command == "check" else 2)
    assert str(tmp_path / "nowhere.toml") in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_folder_stands_for_its_manifest(tmp_path: Path, photo: Path) -> None:
    write_set(tmp_path, 'title = "T"\n', photo.name)
    assert run("check", tmp_path).exit_code == 0


# --- explain, measure, export -----------------------------------------------------------------------------


def test_measure_then_export(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    measured = run("measure", tiny, "--out", out)
    assert (measured.exit_code, measured.stdout) == (0, "")
    assert "explain · Toy 4: 16 done in" in measured.stderr
    exported = run("export", tmp_path / "files", tiny, "--out", out)
    assert exported.exit_code == 0
    assert exported.stdout == f"2 folders in {tmp_path / 'files'}\n"
    assert "explain · Toy 4: 16 done, 16 from the store" in exported.stderr
    assert (tmp_path / "files/toy-4/bb/explanations.json").is_file()
    assert (tmp_path / "files/explanations.schema.json").is_file()


def test_lines_are_plain_when_not_a_terminal(tiny: Path, tmp_path: Path) -> None:
    result = run("measure", tiny, "--out", tmp_path / "out")
    assert "\x1b" not in result.stderr
    assert "\r" not in result.stderr


@pytest.mark.parametrize("command", ["explain", "measure"])
def test_quiet_prints_nothing_on_success(tiny: Path, tmp_path: Path, command: str) -> None:
    result = run(command, tiny, "--out", tmp_path / "out", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_quiet_export_prints_nothing_on_success(tiny: Path, tmp_path: Path) -> None:
    result = run("export", tmp_path / "files", tiny, "--out", tmp_path / "out", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_failed_image_is_listed_and_the_exit_code_says_so(tiny: Path, tmp_path: Path) -> None:
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    result = run("export", tmp_path / "files", tiny, "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == 1
    assert "1 image could not be finished:" in result.stderr
    assert "  a (curation): " in result.stderr
    assert (tmp_path / "files/toy-4/bb/explanations.json").is_file()
    assert not (tmp_path / "files/toy-4/a").exists()
    assert run("explain", tiny, "--out", tmp_path / "out").exit_code == 1


def test_an_empty_site_does_not_replace_a_good_one(tiny: Path, tmp_path: Path) -> None:
    for name in ("a.png", "bb.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "out/site").mkdir(parents=True)
    (tmp_path / "out/site/index.html").write_text("good")
    result = run("build", tiny, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "2 images could not be finished:" in result.stderr
    assert (tmp_path / "out/site/index.html").read_text() == "good"


def test_rendering_without_results_gives_advice(tiny: Path, tmp_path: Path) -> None:
    result = run("render", tiny, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "no results yet" in result.stderr
    assert "Traceback" not in result.stderr


def test_brackets_in_paths_are_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.patch_classifiers(monkeypatch)
    folder = tmp_path / "[red]:cat: \\[x]"
    folder.mkdir()
    write_photo(folder / "[bold]a[1].png")
    path = write_set(folder, 'title = "T"\n', "[bold]a[1].png")
    checked = run("check", path)
    assert f"{path}: no problems" in checked.stdout.splitlines()
    write_set(folder, TOY_SET, "[bold]a[1].png")
    missing = run("explain", folder / "[/nothing].toml", "--out", tmp_path / "out")
    assert missing.exit_code == 2
    assert str(folder / "[/nothing].toml") in missing.stderr
    exported = run("export", folder / "files", path, "--out", tmp_path / "out")
    assert exported.stdout == f"1 folders in {folder / 'files'}\n"


def test_a_wrong_device_is_a_plain_error(tmp_path: Path, photo: Path) -> None:
    path = write_set(tmp_path, 'title = "T"\n', photo.name)
    result = run("explain", path, "--out", tmp_path / "out", "--device", "tpu")
    assert result.exit_code == 2
    assert "Device 'tpu'" in result.stderr


def test_an_output_folder_that_is_a_file_is_a_usage_error(tiny: Path, photo: Path) -> None:
    assert run("explain", tiny, "--out", photo).exit_code == 2


def test_a_port_in_use_is_a_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no site yet" in run("serve", "--out", tmp_path).stderr
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("x")

    def busy(*_: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("http.server.ThreadingHTTPServer", busy)
    result = run("serve", "--out", tmp_path, "--port", "8123")
    assert result.exit_code == 2
    assert "port 8123: Address already in use. Choose another with --port." in result.stderr


# --- errors and interrupts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (GalleryError("[what] is wrong"), 2, "Error: [what] is wrong"),
        (
            PermissionError(13, "Permission denied", "/x/[y]"),
            2,
            "Error: [Errno 13] Permission denied: '/x/[y]'",
        ),
        (KeyboardInterrupt(), 130, "Stopped. What is finished is kept"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_become_messages_and_exit_codes(error: BaseException, code: int, text: str) -> None:
    app = typer.Typer()

    @app.command()
    @friendly
    def fail() -> None:
        raise error

    result = CliRunner().invoke(app)
    assert result.exit_code == code
    assert result.stderr.startswith(text)
    assert result.stderr.count("\n") == 1


INTERRUPTED = """\
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored if the tests run in the background
import pytest
from gallery import cli
from gallery.store.store import Store
from tests.pipeline import toy
toy.patch_classifiers(pytest.MonkeyPatch())
put = Store.put
def slow(self, *arguments):
    put(self, *arguments)
    print("stored", flush=True)
    time.sleep(30)
Store.put = slow
cli.app()
"""


def test_ctrl_c_exits_with_130_and_the_next_run_goes_on(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, "measure", str(tiny), "--out", str(tmp_path / "out")]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("Stopped. What is finished is kept; run the same command again")
    assert "Traceback" not in errors
    again = run("measure", tiny, "--out", tmp_path / "out")
    assert again.exit_code == 0
