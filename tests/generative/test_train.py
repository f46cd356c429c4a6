"""Training runs: the same bytes whether stopped or not, and clear refusals."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gallery.errors import ConfigError, TrainingError
from gallery.generative.attention import aggregate
from gallery.generative.families import weights_of
from gallery.generative.settings import TrainSettings
from gallery.generative.train import LOG, MODEL, STATE, Trainer, as_floats, load_model, train
from tests.generative.small import settings, stack

FILES = (MODEL, STATE, LOG)


class Stop(Exception):  # noqa: N818
    """The run is interrupted."""


def silent(step: int, losses: Mapping[str, float]) -> None:
    """Say nothing."""


def stop_at(last: int) -> Callable[[int, Mapping[str, float]], None]:
    def tell(step: int, losses: Mapping[str, float]) -> None:
        if step == last:
            raise Stop

    return tell


def trained(folder: Path, config: TrainSettings) -> dict[str, bytes]:
    train(Trainer(config, stack()), folder, silent)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("family", ["beta_vae", "ad_factor_vae"])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(tmp_path: Path, family: str) -> None:
    config = settings(family, steps=23)
    whole = trained(tmp_path / "whole", config)
    torch.manual_seed(99)  # the global random state must not matter
    with pytest.raises(Stop):
        train(Trainer(config, stack()), tmp_path / "parts", stop_at(13), save_every=4)
    torch.rand(3)
    assert not (tmp_path / "parts" / MODEL).exists()
    train(Trainer(config, stack()), tmp_path / "parts", silent, save_every=4)
    assert {name: (tmp_path / "parts" / name).read_bytes() for name in FILES} == whole
    assert whole[LOG].decode().splitlines()[1:] == [
        line for line in whole[LOG].decode().splitlines() if line.startswith(("10,", "20,"))
    ]


def test_a_finished_run_can_be_lengthened(tmp_path: Path) -> None:
    short, long = settings(steps=5), settings(steps=9)
    trained(tmp_path / "a", short)
    assert trained(tmp_path / "a", long) == trained(tmp_path / "b", long)


def test_the_seed_decides(tmp_path: Path) -> None:
    made = [trained(tmp_path / str(i), settings(seed=s, steps=2))[MODEL] for i, s in enumerate((0, 1))]
    assert made[0] != made[1]


def test_training_lowers_the_loss() -> None:
    trainer = Trainer(settings("vae", steps=150, width=8, batch=12, learning_rate=3e-3), stack())
    losses = [trainer.advance()["reconstruction"] for _ in range(150)]
    assert sum(losses[-10:]) < 0.93 * sum(losses[:10])


def test_the_head_says_what_made_it_and_the_moments_are_those_of_the_pictures(tmp_path: Path) -> None:
    config = settings("vae", steps=2)
    trained(tmp_path, config)
    with safe_open(tmp_path / MODEL, "pt") as file:
        head = json.loads(file.metadata()["gallery"])
    assert head["settings"] == config.as_json()
    assert (head["step"], head["channels"], head["pictures"]) == (2, 1, stack().digest)
    read, model, normal = load_model(tmp_path / MODEL)
    assert read.settings == config
    expected = aggregate(*model.encode(as_floats(stack().pixels, "cpu")))
    torch.testing.assert_close(normal.variance, expected.variance)
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"seed": 5}, "seed 0 -> 5"),
        ({"steps": 3}, "4 steps on already"),
        ({"weights": weights_of("ad_factor_vae", {"gamma": 2.0})}, "weights"),
    ],
)
def test_another_run_in_the_folder_is_not_continued(
    tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    config = settings(steps=4)
    before = trained(tmp_path, config)
    other = dataclasses.replace(config, **changes)
    with pytest.raises(TrainingError, match=f"{STATE}.*{text}.*--restart"):
        train(Trainer(other, stack()), tmp_path, silent)
    assert (tmp_path / STATE).read_bytes() == before[STATE]
    train(Trainer(other, stack()), tmp_path, silent, restart=True)
    assert (tmp_path / STATE).read_bytes() != before[STATE]


def test_other_pictures_are_not_continued_with(tmp_path: Path) -> None:
    trained(tmp_path, settings(steps=2))
    with pytest.raises(TrainingError, match="the training pictures"):
        train(Trainer(settings(steps=3), stack(seed=4)), tmp_path, silent)


def test_damaged_checkpoints_are_refused_by_name(tmp_path: Path) -> None:
    trained(tmp_path, settings("vae", steps=2))
    path = tmp_path / MODEL
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(TrainingError, match=f"{MODEL}: damaged"):
        load_model(path)
    path.write_bytes(data)
    tensors = load_file(path)
    save_file(tensors, path)
    with pytest.raises(TrainingError, match="its head cannot be understood"):
        load_model(path)
    path.write_bytes(data.replace(b"gallery-vae-1", b"gallery-vae-0"))
    with pytest.raises(TrainingError, match="another format"):
        load_model(path)
    with pytest.raises(TrainingError, match="no such checkpoint"):
        load_model(tmp_path / "none")


def test_a_state_without_its_random_state_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, settings("vae", steps=2))
    path = tmp_path / STATE
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    del tensors["rng"]
    save_file(tensors, path, metadata)
    with pytest.raises(TrainingError, match="random state or history is damaged"):
        train(Trainer(settings("vae", steps=3), stack()), tmp_path, silent)
    missing = {name: t for name, t in tensors.items() if not name.startswith("optimiser-vae.0.")}
    save_file(missing, path, metadata)
    with pytest.raises(TrainingError, match="optimiser belongs to another network"):
        train(Trainer(settings("vae", steps=3), stack()), tmp_path, silent)


def test_divergence_is_an_error_that_says_what_to_change(tmp_path: Path) -> None:
    config = settings("vae", learning_rate=1e30, steps=20)
    with pytest.raises(TrainingError, match=r"step \d+: the loss of the vae is not finite.*--learning-rate"):
        train(Trainer(config, stack()), tmp_path, silent)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": 48}, "size is 48"),
        ({"latents": 1}, "latents is 1"),
        ({"attention_layer": 2}, "attention_layer is 2.*layers 0 to 1"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"likelihood": "poisson"}, "likelihood"),
    ],
)
def test_settings_out_of_range_are_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        settings(**changes)


def test_families_take_their_own_weights_only() -> None:
    assert weights_of("ad_factor_vae", {"gamma": 10.0, "attention": None, "beta": None}).gamma == 10
    with pytest.raises(ConfigError, match=r"gamma: beta_vae has no such term.*beta"):
        weights_of("beta_vae", {"gamma": 10.0})
    with pytest.raises(ConfigError, match="Did you mean 'factor_vae'"):
        weights_of("factorvae", {})
    with pytest.raises(ConfigError, match="beta is 0"):
        weights_of("beta_vae", {"beta": 0.0})
