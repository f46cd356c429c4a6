"""Baselines, cell masks and the one formula that mixes image and baseline."""

import random

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st

from gallery.errors import ConfigError, ShapeError
from gallery.perturbation import bits_of, blur_kernel, cell_basis, compose, make_baseline
from gallery.records import MaskModel, Preprocessing

GRIDS = [(7, 7), (3, 5), (1, 4), (16, 16), (1, 1)]
PREPROCESSING = Preprocessing((20, 28), None, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.25, 0.5))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("grid", GRIDS)
def test_masks_are_the_upsampled_grid(grid: tuple[int, int], interpolation: str, align_corners: bool) -> None:
    model = MaskModel(*grid, interpolation=interpolation, align_corners=align_corners)  # type: ignore[arg-type]
    draw = random.Random(0)
    masks = [0, model.full, *(draw.getrandbits(model.n_cells) for _ in range(6))]
    cells = torch.tensor([[float(m >> i & 1) for i in range(model.n_cells)] for m in masks])
    options = {"align_corners": align_corners} if interpolation == "bilinear" else {}
    mode = "bilinear" if interpolation == "bilinear" else "nearest-exact"
    expected = F.interpolate(cells.reshape(-1, 1, *grid), size=(35, 42), mode=mode, **options)
    mine = bits_of(masks, model.n_cells) @ cell_basis(model, (35, 42))
    torch.testing.assert_close(mine.reshape(-1, 35, 42), expected[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("grid", GRIDS)
def test_weights_of_all_cells_sum_to_one_in_every_pixel(grid: tuple[int, int]) -> None:
    basis = cell_basis(MaskModel(*grid), (48, 40))
    torch.testing.assert_close(basis.sum(dim=0), torch.ones(48 * 40))


def test_half_pixel_centres_give_every_cell_the_same_mass() -> None:
    mass = cell_basis(MaskModel(7, 7), (224, 224)).double().sum(dim=1)
    torch.testing.assert_close(mass, torch.full((49,), 224 * 224 / 49, dtype=torch.float64))


def test_aligned_corners_do_not() -> None:
    # The official code's model: a corner patch is 0.73 % of the image, an inner one 2.75 %.
    mass = cell_basis(MaskModel(7, 7, align_corners=True), (224, 224)).double().sum(dim=1) / 224**2
    assert float(mass[0]) == pytest.approx(0.0073, abs=1e-4)
    assert float(mass[24]) == pytest.approx(0.0275, abs=1e-4)


@given(st.integers(1, 256).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 2**n - 1)))))
def test_bits_are_the_binary_digits(case: tuple[int, list[int]]) -> None:
    n, masks = case
    bits = bits_of(masks, n)
    assert bits.shape == (len(masks), n)
    assert bits.dtype == torch.float32
    assert [sum(int(b) << i for i, b in enumerate(row)) for row in bits.tolist()] == masks


@pytest.mark.parametrize("mask", [1 << 49, 1 << 56, -1])
def test_a_mask_beyond_the_grid_is_refused(mask: int) -> None:
    with pytest.raises(ShapeError, match="does not fit a grid of 49 patches"):
        bits_of([1, mask], 49)


def test_composition_is_exact_where_nothing_is_mixed() -> None:
    image, baseline = torch.randn(2, 1, 3, 9, 9)
    keep = torch.stack([torch.ones(9, 9), torch.zeros(9, 9), torch.full((9, 9), 0.25)])
    mixed = compose(image, baseline, keep)
    assert torch.equal(mixed[0], image[0])
    assert torch.equal(mixed[1], baseline[0])
    torch.testing.assert_close(mixed[2], 0.25 * image[0] + 0.75 * baseline[0])


def test_composition_pairs_each_image_with_its_mask() -> None:
    images, baselines, keep = torch.randn(4, 3, 5, 6), torch.randn(4, 3, 5, 6), torch.rand(4, 5, 6)
    alone = [compose(images[i : i + 1], baselines[i : i + 1], keep[i : i + 1]) for i in range(4)]
    assert torch.equal(compose(images, baselines, keep), torch.cat(alone))


def test_black_is_pixel_value_zero() -> None:
    black = make_baseline("black", torch.randn(1, 3, 4, 5), PREPROCESSING)
    torch.testing.assert_close(black[0, :, 0, 0], torch.tensor([-2.0, -2.0, -1.2]))
    assert black.shape == (1, 3, 4, 5)
    assert bool((black == black[:, :, :1, :1]).all())


def test_mean_is_zero_after_normalisation() -> None:
    assert not make_baseline("mean", torch.randn(1, 3, 4, 5), PREPROCESSING).any()


def test_blur_is_a_gaussian_with_reflected_borders() -> None:
    image = torch.randn(1, 3, 20, 28, generator=torch.Generator().manual_seed(0))
    kernel, sigma = blur_kernel(20)
    half = kernel // 2
    line = torch.exp(-(torch.arange(-half, half + 1).double() ** 2) / (2 * sigma**2))
    line /= line.sum()
    padded = F.pad(image.double(), [half] * 4, mode="reflect")[0]
    expected = torch.zeros(3, 20, 28, dtype=torch.float64)
    for row in range(kernel):
        for col in range(kernel):
            expected += line[row] * line[col] * padded[:, row : row + 20, col : col + 28]
    blur = make_baseline("blur", image, PREPROCESSING)
    torch.testing.assert_close(blur[0].double(), expected, rtol=1e-5, atol=1e-6)


def test_blur_grows_with_the_image() -> None:
    assert blur_kernel(224) == (51, 50.0)
    assert blur_kernel(448) == (101, 100.0)
    assert blur_kernel(4) == (1, 1.0)
    assert all(blur_kernel(side)[0] % 2 == 1 for side in range(1, 600))


def test_unknown_baseline() -> None:
    with pytest.raises(ConfigError, match=r"unknown baseline 'noise'\. Known: blur, black, mean"):
        make_baseline("noise", torch.zeros(1, 3, 4, 4), PREPROCESSING)


def test_baseline_of_a_batch_is_refused() -> None:
    with pytest.raises(ShapeError, match="image"):
        make_baseline("mean", torch.zeros(2, 3, 4, 4), PREPROCESSING)
