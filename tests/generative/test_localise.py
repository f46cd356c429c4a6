"""Anomaly maps: every method on one small model, and the baselines against their formulas."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gallery.errors import ConfigError, TrainingError
from gallery.generative.assess import disentangle, localise, open_trained
from gallery.generative.attention import NormalLatents
from gallery.generative.data import load
from gallery.generative.localise import LOCALISERS, Subject, anomaly_maps
from gallery.generative.losses import kl_per_latent
from gallery.generative.train import STATE, Trainer, as_floats, train
from gallery.generative.votes import Voting
from gallery.tensors import upsample
from tests.generative.small import settings, stack, vae


@pytest.fixture
def subject() -> Subject:
    model = vae().float().eval().requires_grad_(requires_grad=False)
    return Subject(model, 0, NormalLatents(torch.zeros(3), torch.ones(3)), n_samples=2)


@pytest.mark.parametrize("method", LOCALISERS)
def test_maps_are_those_of_the_picture_whatever_ran_before(subject: Subject, method: str) -> None:
    pixels = stack(70).pixels  # more than one batch
    maps = anomaly_maps(method, subject, pixels)
    assert maps.shape == (70, 16, 16)
    assert maps.dtype == np.float32
    assert (maps >= 0).all()
    assert (maps.max(axis=(1, 2)) > 0).mean() > 0.9
    torch.rand(5)
    assert np.array_equal(anomaly_maps(method, subject, pixels), maps)


def test_the_reconstruction_error_is_the_squared_difference(subject: Subject) -> None:
    pixels = stack(2).pixels
    x = pixels.astype(np.float32) / 255
    expected = (subject.model(torch.from_numpy(x)).numpy() - x)[:, 0] ** 2
    np.testing.assert_allclose(anomaly_maps("reconstruction_error", subject, pixels), expected, rtol=1e-6)


def test_grad_cam_explains_the_divergence(subject: Subject) -> None:
    pixels = stack(1).pixels
    features = subject.model.features(as_floats(pixels, "cpu"), 0).requires_grad_()
    divergence = kl_per_latent(*subject.model.encode_from(features, 0)).sum()
    (gradient,) = torch.autograd.grad(divergence, features)
    weights = gradient[0].mean(dim=(1, 2))
    cam = (weights[:, None, None] * features[0].detach()).sum(dim=0).clamp_min(0)
    made = anomaly_maps("encoder_grad_cam", subject, pixels)
    np.testing.assert_allclose(made, upsample(cam[None], (16, 16)).numpy(), rtol=1e-5, atol=1e-7)


def test_a_trained_folder_is_assessed(tmp_path: Path) -> None:
    config = settings("vae", data="textures:brick", size=64, steps=1)
    data = load(config.data, config.size)
    train(Trainer(config, data.train), tmp_path, lambda step, losses: None)
    trained = open_trained(tmp_path)
    done: list[str] = []
    scores = localise(trained, done.append)
    assert done == list(scores) == list(LOCALISERS)
    for score in scores.values():
        assert score.iou is not None
        assert score.pixel_auroc is not None
        assert 0 <= score.iou <= 1
        assert 0 < score.pixel_auroc < 1
    with pytest.raises(ConfigError, match="factors of its pictures are not known"):
        disentangle(trained, Voting())
    with pytest.raises(ConfigError, match="layers 0 to 3"):
        open_trained(tmp_path, layer=4)
    assert (tmp_path / STATE).exists()


def test_other_pictures_than_those_of_training_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(Trainer(settings("vae", steps=1), stack()), tmp_path, lambda step, losses: None)
    with pytest.raises(TrainingError, match="trained on other pictures than digits:3 gives now"):
        open_trained(tmp_path)
