"""Training a head: it learns what can be learnt, repeats itself, and says what is wrong with a folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gallery.classifier.load import load_classifier
from gallery.curation.problems import SourceError
from gallery.errors import ConfigError, TrainingError
from gallery.pipeline.head_training import (
    Examples,
    HeadSettings,
    fit_head,
    labelled,
    n_right,
    split,
    train_head,
)

BACKBONE = "timm:test_resnet@random"
QUICK = HeadSettings(BACKBONE, width=16, heads=2, layers=1, epochs=15, batch=4, learning_rate=5e-3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with reddish and bluish noise, six photographs each."""
    folder = tmp_path_factory.mktemp("photos")
    for label, colour in (("red_noise", (220, 40, 40)), ("blue", (40, 40, 220))):
        (folder / label).mkdir()
        for number in range(6):
            rng = np.random.default_rng(number)
            pixels = np.array(colour) + rng.normal(0, 30, (40, 40, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / label / f"{number}.png")
    return folder


def test_a_head_is_trained_written_and_used(photos: Path, tmp_path: Path) -> None:
    told: list[str] = []
    head = train_head(photos, tmp_path / "colours.safetensors", QUICK, told.append)
    assert head.classes == ("blue", "red noise")
    assert len(told) == 12 + QUICK.epochs
    assert (head.training["n_train"], head.training["n_held_out"]) == (8, 4)
    assert head.training["right_train"] == 8
    assert head.training["right_held_out"] >= 3  # of 4: the backbone is random
    loaded = load_classifier("intr:colours.safetensors", device="cpu", folder=tmp_path)
    assert loaded.card.class_names == head.classes
    # The same seed gives the same file.
    train_head(photos, tmp_path / "again.safetensors", QUICK, told.append)
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "colours.safetensors").read_bytes()


def planted(n: int = 24) -> Examples:
    """Return noise in which one place, anywhere, has the direction of its class."""
    rng = torch.Generator().manual_seed(3)
    features = torch.randn(n, 8, 4, 4, generator=rng) * 0.3
    labels = torch.arange(n) % 2
    for one, label in zip(features, labels.tolist(), strict=True):
        row, col = torch.randint(4, (2,), generator=rng).tolist()
        one[:, row, col] += 3 * torch.nn.functional.one_hot(torch.tensor(label), 8)
    return Examples(torch.stack([features, features.flip(-1)], dim=1), labels, ("a", "b"))


def test_the_query_of_a_class_learns_to_look_where_its_evidence_is() -> None:
    examples = planted()
    settings = HeadSettings(width=16, heads=2, layers=1, epochs=40, batch=8, learning_rate=1e-2)
    queries = fit_head(examples, torch.arange(24), settings, lambda _: None, "cpu")
    assert n_right(queries, examples, torch.arange(24)) == 24
    seen: list[torch.Tensor] = []
    last: Any = queries.layers[-1]
    last.cross.register_forward_hook(lambda _, given, out: seen.append(out[1]))
    with torch.no_grad():
        queries(examples.features[:, 0])
    rows = seen[0].mean(dim=1)[torch.arange(24), examples.labels]  # (N, places) of the right class
    place = examples.features[:, 0].norm(dim=1).flatten(1).argmax(dim=1)
    assert float(rows[torch.arange(24), place].mean()) > 3 / 16  # three times what looking evenly would give


def test_other_seeds_give_other_heads_and_the_random_state_stays() -> None:
    examples, settings = planted(8), HeadSettings(width=8, heads=1, layers=1, epochs=1)
    state = torch.get_rng_state()
    first, other = (
        fit_head(examples, torch.arange(8), HeadSettings(**{**settings.__dict__, "seed": seed}), print, "cpu")
        for seed in (0, 1)
    )
    assert not first.queries.equal(other.queries)
    assert torch.equal(torch.get_rng_state(), state)


def test_every_class_is_split_by_its_share() -> None:
    labels = torch.tensor([0] * 8 + [1] * 2 + [2] * 5)
    train, held = split(labels, 0.25, seed=0)
    assert sorted([*train.tolist(), *held.tolist()]) == list(range(15))
    assert [int((labels[held] == k).sum()) for k in range(3)] == [2, 1, 1]
    assert split(labels, 0.0, seed=0)[1].numel() == 0
    assert split(labels, 0.25, seed=1)[1].tolist() != held.tolist()
    assert [int((labels[split(labels, 0.99, seed=0)[0]] == k).sum()) for k in range(3)] == [1, 1, 1]


def test_folders_that_teach_nothing(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        labelled(tmp_path / "gone")
    picture = (photos / "blue" / "0.png").read_bytes()
    (tmp_path / "blue").mkdir()
    (tmp_path / "blue" / "1.png").write_bytes(picture)
    (tmp_path / "blue" / "2.png").write_bytes(picture)
    with pytest.raises(TrainingError, match=r"one class only \(blue\)"):
        labelled(tmp_path)
    (tmp_path / "red").mkdir()
    (tmp_path / "red" / "1.png").write_bytes(picture)
    with pytest.raises(TrainingError, match="one photograph of 'red' only"):
        labelled(tmp_path)
    (tmp_path / "3.png").write_bytes(picture)
    with pytest.raises(TrainingError, match=r"3\.png: it lies in no sub-folder"):
        labelled(tmp_path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 0}, "epochs: it must be above 0"),
        ({"learning_rate": -1.0}, "learning_rate: it must be above 0"),
        ({"heads": 3}, "3 heads do not divide a width of 64"),
        ({"held_out": 1.0}, "held_out: it must be at least 0 and below 1"),
    ],
)
def test_settings_out_of_range(changes: dict[str, float], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        HeadSettings(**changes)  # type: ignore[arg-type]


def test_the_file_must_be_safetensors_and_the_loss_finite(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.safetensors"):
        train_head(photos, tmp_path / "head.pt", QUICK, lambda _: None)
    bad = planted(4)
    bad.features[0] = float("nan")
    with pytest.raises(TrainingError, match="epoch 1: the loss is not finite"):
        fit_head(bad, torch.arange(4), HeadSettings(epochs=1), lambda _: None, "cpu")


def test_tokens_are_no_map(photos: Path, tmp_path: Path) -> None:
    vit = HeadSettings("timm:test_vit@random", epochs=1)
    with pytest.raises(TrainingError, match="not a map"):
        train_head(photos, tmp_path / "head.safetensors", vit, lambda _: None)
    assert not (tmp_path / "head.safetensors").exists()
