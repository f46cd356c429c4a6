"""Baselines, cell masks and the one formula that mixes image and baseline."""

import random

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st

from gallery.errors import ConfigError, ShapeError
from gallery.perturbation import (
    basis_of,
    bits_of,
    blur_kernel,
    cell_basis,
    compose,
    make_baseline,
    segment_basis,
)
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


@pytest.mark.parametrize(("grid", "size"), [((5, 9), (64, 48)), ((16, 16), (48, 64)), ((1, 16), (20, 300))])
def test_grids_of_any_shape_fit_inputs_of_any_shape(grid: tuple[int, int], size: tuple[int, int]) -> None:
    model = MaskModel(*grid)
    basis = basis_of(model, size, None)
    assert basis.shape == (grid[0] * grid[1], size[0] * size[1])
    assert torch.equal(basis, cell_basis(model, size))
    assert len(basis) == model.n_cells <= 256


def test_superpixels_are_kept_whole_and_with_hard_borders() -> None:
    segments = torch.tensor([[0, 0, 2], [1, 2, 2]], dtype=torch.int16)
    model = MaskModel(partition="slic").of(segments.numpy())
    basis = basis_of(model, (2, 3), segments)
    assert basis.dtype == torch.float32
    assert basis.tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1]]
    kept = bits_of([0b101], 3) @ basis
    assert kept.tolist() == [[1, 1, 1, 0, 1, 1]]


def test_every_pixel_belongs_to_one_superpixel() -> None:
    segments = torch.randint(0, 256, (48, 64), generator=torch.Generator().manual_seed(0))
    basis = segment_basis(segments)
    assert torch.equal(basis.sum(dim=0), torch.ones(48 * 64))
    assert torch.equal(basis.argmax(dim=0).reshape(48, 64), segments)


def test_superpixels_that_do_not_fit_are_refused() -> None:
    model = MaskModel(partition="slic", n_segments=3)
    fitting = torch.tensor([[0, 1, 2, 2]])
    for segments, match in (
        (None, r"shape \(1, 4\) are needed, got None"),
        (fitting.T, r"shape \(1, 4\) are needed, got \(4, 1\)"),
        (torch.tensor([[0, 1, 1, 1]]), "expected 3 superpixels, got 2"),
        (torch.tensor([[0, 1, 2, 3]]), "expected 3 superpixels, got 4"),
        (torch.tensor([[0, 1, 2, -1]]), "numbered from 0"),
    ):
        with pytest.raises(ShapeError, match=match):
            basis_of(model, (1, 4), segments)
    assert basis_of(model, (1, 4), fitting).shape == (3, 4)


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
