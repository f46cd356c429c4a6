"""Max-sensitivity: exact for a linear map, captum's as an oracle, and maps that cannot be made again."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from captum.metrics import sensitivity_max
from torch import Tensor, nn

from gallery.errors import ConfigError
from gallery.measure._base import Measured, Remade
from gallery.measure.max_sensitivity import max_sensitivity
from gallery.tensors import generator
from tests import toy
from tests.measure.remaking import ConstantRemake, GradientRemake

SIZE = (12, 17)


def subject() -> Measured:
    classifier, image = toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE)
    remake = GradientRemake(classifier.module, image)
    values = GradientRemake(classifier.module, image)().values
    scorer = toy.scorer_of(classifier, image, 1)
    return Measured(values, 0.5, scorer, 1, seed=5, passes=2, remake=remake, module=classifier.module)


def test_equals_captums_for_the_same_noise() -> None:
    mine = subject()
    score = max_sensitivity(mine, n_samples=6, radius=0.3)
    assert isinstance(mine.remake, GradientRemake)
    assert (score.forwards, mine.scorer.forwards) == (18, 0)
    seen = torch.cat(mine.remake.images)
    again = GradientRemake(mine.remake.module, mine.remake.image)

    def explain(images: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        batch = images if isinstance(images, Tensor) else images[0]
        return (torch.stack([again(image=image[None]).values for image in batch]),)

    theirs = sensitivity_max(
        explain,
        mine.scorer.image,
        perturb_func=lambda images: seen,
        n_perturb_samples=6,
    )
    assert score.value == pytest.approx(float(theirs[0]), rel=1e-5)


def test_noise_is_uniform_within_the_radius_and_the_seeds() -> None:
    mine = subject()
    max_sensitivity(mine, radius=0.1)
    assert isinstance(mine.remake, GradientRemake)
    noise = torch.cat(mine.remake.images) - mine.scorer.image
    assert len(noise) == 10
    assert float(noise.abs().max()) == pytest.approx(0.1, rel=1e-2)
    assert float(noise.std()) == pytest.approx(0.1 / 3**0.5, rel=2e-2)
    draw = generator(5)
    first = (2 * torch.rand(1, 3, *SIZE, generator=draw) - 1) * 0.1
    torch.testing.assert_close(noise[:1], first, atol=1e-6, rtol=0)


class _Copying:
    """A method whose map is the first channel."""

    def __call__(self, image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
        assert image is not None
        return Remade(image[0, 0], forwards=1)


def test_a_map_that_copies_the_image_changes_as_much_as_the_noise() -> None:
    mine = subject()
    values = mine.scorer.image[0, 0].clone()
    score = max_sensitivity(replace(mine, values=values, remake=_Copying()), n_samples=4, radius=0.5)
    draw = generator(5)
    noise = [(2 * torch.rand(1, 3, *SIZE, generator=draw) - 1)[0, 0] * 0.5 for _ in range(4)]
    expected = max(float(n.norm() / values.norm()) for n in noise)
    assert score.value == pytest.approx(expected, rel=1e-5)


def test_a_map_that_never_changes_is_perfect() -> None:
    mine = subject()
    score = max_sensitivity(replace(mine, remake=ConstantRemake(mine.values)))
    assert (score.value, score.forwards) == (0.0, 10)


def test_maps_that_are_not_made_again() -> None:
    mine = subject()
    assert max_sensitivity(replace(mine, values=torch.zeros(SIZE))).note == "the map is zero everywhere"
    assert "structural search" in max_sensitivity(replace(mine, remake=None)).note
    note = max_sensitivity(replace(mine, passes=201)).note
    assert note == (
        "making the map 10 times more takes 2010 passes, more than 2000: "
        "raise measures.options.max_sensitivity.max_passes to have it"
    )
    assert isinstance(mine.remake, GradientRemake)
    assert not mine.remake.images
    assert max_sensitivity(replace(mine, passes=200)).value is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [({"n_samples": 0}, "n_samples: must be 1"), ({"radius": 0.0}, "radius: must be above 0")],
)
def test_wrong_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"measures\.options\.max_sensitivity\.{said}"):
        max_sensitivity(subject(), **options)
