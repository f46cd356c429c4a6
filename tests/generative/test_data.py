"""Data sets: parts that do not overlap, exact masks, layouts on disk, clear refusals."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gallery.errors import ConfigError, CurationError
from gallery.generative.data import GOOD, Held, Stack, dsprites, load, located
from gallery.generative.data._defects import DEFECTS, paint
from gallery.generative.data.textures import read_texture

RNG = np.random.default_rng(5)


def test_only_arguments_that_are_relative_paths_are_put_below_a_folder() -> None:
    assert located("mvtec:data/cup", Path("/set")) == "mvtec:/set/data/cup"
    assert located("mvtec:/data/cup", Path("/set")) == "mvtec:/data/cup"
    for spec in ("dsprites:", "digits:3", "textures:brick", "unknown:x", "mvtec"):
        assert located(spec, Path("/set")) == spec


def save(path: Path, pixels: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def picture(channels: int = 3, side: int = 20) -> NDArray[Any]:
    shape = (side, side, 3) if channels == 3 else (side, side)
    return RNG.integers(0, 256, shape)


def square_mask(side: int = 20) -> NDArray[Any]:
    mask = np.zeros((side, side))
    mask[: side // 2, : side // 2] = 255
    return mask


@pytest.mark.parametrize("kind", DEFECTS)
@pytest.mark.parametrize("size", [32, 64])
def test_a_pixel_is_in_the_mask_if_and_only_if_it_was_painted(kind: str, size: int) -> None:
    tile = np.full((size, size), 128, dtype=np.uint8)
    other = np.full((size + 5, size + 9), 7, dtype=np.uint8)
    for seed in range(20):
        painted, mask = paint(kind, tile, other, np.random.default_rng(seed))
        assert np.array_equal(painted != tile, mask)
        assert 0.003 < mask.mean() < 0.2
    again = paint(kind, tile, other, np.random.default_rng(seed))
    assert np.array_equal(again[0], painted)


def test_textures_learn_and_judge_on_different_rows() -> None:
    data = load("textures:gravel", 64)
    photograph = read_texture("gravel")
    assert isinstance(data.train, Stack)
    assert data.train.pixels.shape == (25 * 57, 1, 64, 64)
    assert np.array_equal(data.train.pixels[57 + 2, 0], photograph[8:72, 16:80])
    assert np.array_equal(data.train.pixels[-1, 0], photograph[192:256, 448:])
    for part, top in ((data.validation, 256), (data.test, 384)):
        assert isinstance(part, Held)
        assert part.masks is not None
        assert part.kinds[:6] == (GOOD, "cut", "scratch", "blob", "patch", GOOD)
        assert len(part.kinds) == 80
        assert np.array_equal(part.pixels[-5, 0], photograph[top + 64 : top + 128, 448:])
        for i, kind in enumerate(part.kinds):
            clean = part.pixels[i - i % 5, 0]
            assert np.array_equal(part.pixels[i, 0][~part.masks[i]], clean[~part.masks[i]])
            assert part.masks[i].any() == (kind != GOOD)
    assert data.validation is not None
    assert data.test is not None
    assert data.validation.masks is not None
    assert data.test.masks is not None
    assert not np.array_equal(data.validation.masks, data.test.masks)
    assert load("textures:gravel", 64).train.digest == data.train.digest


def test_digits_are_divided_once() -> None:
    data = load("digits:3", 16)
    assert data.test is not None
    assert data.validation is not None
    assert data.test.masks is None
    held = [p.tobytes() for part in (data.validation, data.test) for p in part.pixels]
    assert isinstance(data.train, Stack)
    learnt = {p.tobytes() for p in data.train.pixels}
    assert len(learnt) == 109
    assert not learnt & set(held)
    assert data.test.kinds.count(GOOD) == 37
    assert {kind: data.test.kinds.count(kind) for kind in set(data.test.kinds) - {GOOD}} == {
        f"digit {d}": 8 for d in range(10) if d != 3
    }


def test_the_mvtec_layout_is_read(tmp_path: Path) -> None:
    root = tmp_path / "bottle"
    for i in range(3):
        save(root / f"train/good/{i:03}.png", picture())
        save(root / f"test/good/{i:03}.png", picture())
        save(root / f"test/crack/{i:03}.png", picture())
        save(root / f"ground_truth/crack/{i:03}_mask.png", square_mask())
    data = load(f"mvtec:{root}", 16)
    assert (len(data.train), data.train.channels) == (3, 3)
    assert data.validation is not None
    assert data.test is not None
    assert data.validation.names == ("crack/000.png", "crack/002.png", "good/000.png", "good/002.png")
    assert data.test.names == ("crack/001.png", "good/001.png")
    assert data.test.masks is not None
    assert data.test.masks[0, :8, :8].all()
    assert data.test.masks.sum() == 64
    (root / "ground_truth/crack/001_mask.png").unlink()
    with pytest.raises(CurationError, match=r"001_mask\.png: The mask of crack/001\.png is missing"):
        load(f"mvtec:{root}", 16)
    with pytest.raises(CurationError, match="none/train/good: It is no folder"):
        load(f"mvtec:{tmp_path / 'none'}", 16)


def test_the_ucsd_layout_is_read(tmp_path: Path) -> None:
    save(tmp_path / "Train/Train001/001.tif", picture(1))
    for clip in ("Test001", "Test003", "Test004"):
        for i in (1, 2):
            save(tmp_path / f"Test/{clip}/{i:03}.tif", picture(1))
    for clip in ("Test003", "Test004"):
        save(tmp_path / f"Test/{clip}_gt/001.bmp", np.zeros((20, 20)))
        save(tmp_path / f"Test/{clip}_gt/002.bmp", square_mask())
    data = load(f"ucsd_ped1:{tmp_path}", 16)
    assert (len(data.train), data.train.channels) == (1, 1)
    assert data.validation is not None
    assert data.test is not None
    assert data.validation.names == ("Test003/001", "Test003/002")
    assert (data.test.names, data.test.kinds) == (("Test004/001", "Test004/002"), (GOOD, "anomaly"))
    (tmp_path / "Test/Test004_gt/001.bmp").unlink()
    with pytest.raises(CurationError, match="Test004_gt: It has 1 masks for 2 frames"):
        load(f"ucsd_ped1:{tmp_path}", 16)
    with pytest.raises(CurationError, match=r"training clips"):
        load(f"ucsd_ped1:{tmp_path / 'Test'}", 16)


def test_sprites_follow_the_published_factors() -> None:
    sprites = load("dsprites:", 64).train
    assert len(sprites) == 737_280
    base = np.array([[0, 5, 0, 10, 20]])
    factors = np.repeat(base, 6, axis=0)
    factors[1, 3] += 3  # x
    factors[2, 4] += 2  # y
    factors[3, 1] = 0  # scale 0.5
    factors[4, 2] = 39  # a full turn
    factors[5, 0] = 2
    indices = dsprites.indices_of(factors)
    assert np.array_equal(dsprites.factors_of(indices), factors)
    first, x, y, small, turned, heart = sprites.take(indices)[:, 0]
    assert set(np.unique(first)) == {0, 255}
    assert np.array_equal(np.roll(first, 3, axis=1), x)
    assert np.array_equal(np.roll(first, 2, axis=0), y)
    assert ((first > 0).sum(), (small > 0).sum()) == (22**2, 10**2), (
        "centres within sides of 21.2 and 10.6 px"
    )
    assert np.array_equal(first, turned)
    assert np.array_equal(heart[:, 10:42], heart[:, 41:9:-1]), "a heart is symmetric"
    assert (heart > 0).sum(axis=1).argmax() < 36, "and wider above"
    assert np.array_equal(np.roll(first, 1, axis=0), sprites.take(indices[:1] + 1)[0, 0]), "y varies fastest"
    assert isinstance(sprites, dsprites.Sprites)
    edge = sprites.windows.copy()
    edge[:, 1:-1, 1:-1] = 0
    assert not edge.any(), "no sprite is cut off"


def write_published(path: Path, pixels: NDArray[Any], classes: NDArray[Any]) -> None:
    np.savez_compressed(path, imgs=pixels, latents_classes=classes)


def test_the_published_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsprites, "N_VALUES", (1, 2, 1, 2, 2))
    monkeypatch.setattr(dsprites, "N", 8)
    monkeypatch.setattr(dsprites, "_ROWS", 3)
    path = tmp_path / "dsprites.npz"
    pixels = RNG.integers(0, 2, (8, 64, 64)).astype(np.uint8)
    classes = np.column_stack([np.zeros(8, dtype=int), dsprites.factors_of(np.arange(8))])
    write_published(path, pixels, classes)
    read = load(f"dsprites:{path}", 64).train
    assert np.array_equal(read.take(np.array([5, 0]))[:, 0], pixels[[5, 0]] * 255)
    write_published(path, pixels, classes[::-1])
    with pytest.raises(CurationError, match="not in the published order"):
        load(f"dsprites:{path}", 64)
    write_published(path, pixels * 2, classes)
    with pytest.raises(CurationError, match="not binary"):
        load(f"dsprites:{path}", 64)
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(CurationError, match=r"dsprites\.npz: It cannot be read"):
        load(f"dsprites:{path}", 64)


@pytest.mark.parametrize(
    ("spec", "size", "text"),
    [
        ("texture:brick", 64, "Did you mean 'textures'"),
        ("textures", 64, "a colon and its argument are missing"),
        ("textures:bricks", 64, "Did you mean 'brick'"),
        ("textures:brick", 256, "128 px at most"),
        ("digits:12", 16, "give one digit"),
        ("dsprites:", 32, "Give --size 64"),
        ("mvtec:", 64, "name the folder"),
        ("ucsd_ped1:", 64, "name the folder"),
    ],
)
def test_what_cannot_be_loaded_says_why(spec: str, size: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        load(spec, size)
