"""``gallery vae train`` and ``gallery vae evaluate``: progress, files, tables and refusals."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.commands import run

SMALL = (
    "--size", "16", "--width", "2", "--latents", "3", "--batch", "4", "--layer", "0", "--device", "cpu",
    "--discriminator-width", "4",
)  # fmt: skip


def test_a_model_is_trained_continued_and_evaluated(tmp_path: Path) -> None:
    arguments = ("vae", "train", "--out", tmp_path, "--data", "digits:1", "--save-every", "2", *SMALL)
    first = run(*arguments, "--steps", "3")
    assert first.exit_code == 0, first.output
    assert "vae on digits:1, 3 steps, seed 0" in first.stdout
    listed = sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert f'"model.safetensors" = "{listed}"' in first.stdout
    assert "3 done" in first.stderr
    assert "2 done" in run(*arguments, "--steps", "5").stderr
    result = run("vae", "evaluate", "--out", tmp_path, "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert json.loads(result.stdout) == written
    assert written["steps"] == 5
    assert written["localisation"]["normal_difference"]["pixel_auroc"] is None
    assert "no masks" in run("vae", "evaluate", "--out", tmp_path, "--device", "cpu").stdout


def test_disentanglement_is_voted_on(tmp_path: Path) -> None:
    sprites = ("--data", "dsprites:", "--family", "ad_factor_vae", *SMALL, "--size", "64")
    assert run("vae", "train", "--out", tmp_path, "--steps", "2", "-q", *sprites).exit_code == 0
    result = run("vae", "evaluate", "--out", tmp_path, "--votes", "3", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "majority vote" in result.stdout
    vote = json.loads((tmp_path / "scores.json").read_text("utf-8"))["disentanglement"]
    assert len(vote["table"]) == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--family", "vea"), "Did you mean 'vae'"),
        (("--gamma", "3"), "gamma: vae has no such term"),
        (("--data", "mvtec:nowhere"), "nowhere/train/good: It is no folder"),
        (("--steps", "0"), "steps is 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    result = run("vae", "train", "--out", tmp_path / "model", *options)
    assert result.exit_code == 2
    assert text in result.stderr
    assert not (tmp_path / "model").exists()


def test_evaluating_nothing_says_how_to_train(tmp_path: Path) -> None:
    result = run("vae", "evaluate", "--out", tmp_path)
    assert result.exit_code == 2
    assert "gallery vae train" in result.stderr
