"""``gallery head train``: what it prints, and what it says about wrong input."""

from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from gallery import cli


def photographs(folder: Path) -> Path:
    for label, level in (("dark", 40), ("light", 200)):
        (folder / label).mkdir(parents=True)
        for number in range(2):
            pixels = np.full((16, 16, 3), level + 10 * number, np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["head", "train", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


QUICK = ("--backbone", "timm:test_resnet@random", "--epochs", 1, "--device", "cpu", "--held-out", 0)


def test_a_head_is_trained_and_what_comes_next_is_said(tmp_path: Path) -> None:
    file = tmp_path / "tones.safetensors"
    code, said = run(photographs(tmp_path / "photos"), "--out", file, *QUICK)
    assert code == 0
    assert file.is_file()
    assert "2 classes; right: " in said
    assert "of 4 trained on." in said
    assert "held out" not in said
    assert "classifiers" in said


def test_a_wrong_folder_and_a_wrong_number_are_named(tmp_path: Path) -> None:
    code, said = run(tmp_path / "gone", "--out", tmp_path / "x.safetensors", *QUICK)
    assert code == 2
    assert "There is no such folder." in said
    code, said = run(photographs(tmp_path / "photos"), "--out", tmp_path / "x.safetensors", "--heads", 5)
    assert code == 2
    assert "5 heads do not divide a width of 64" in said
