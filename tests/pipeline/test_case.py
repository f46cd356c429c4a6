from typing import Literal

import numpy as np
import pytest

from gallery.errors import ConfigError
from gallery.pipeline.case import make_inputs, read_prediction, resolve_target
from gallery.records import Credit, ImageRecord, MaskModel
from tests.pipeline.toy import toy_classifier

NAMES = ("Tabby", "crane", "crane", "tabby cat")
P = np.array([0.1, 0.5, 0.1, 0.3], np.float32)


@pytest.mark.parametrize(
    ("target", "index"),
    [("predicted", 1), (0, 0), (3, 3), ("Tabby", 0), ("TABBY", 0), ("tabby cat", 3), ("Tabby Cat", 3)],
)
def test_a_target_is_found(target: str | int, index: int) -> None:
    assert resolve_target(target, P, NAMES) == index


@pytest.mark.parametrize(
    ("target", "match"),
    [
        (4, "classes 0 to 3"),
        (-1, "classes 0 to 3"),
        ("taby", "Did you mean 'Tabby'"),
        ("zebra", "no such class"),
        ("crane", r"names 2 classes \(1, 2\); give the index"),
    ],
)
def test_a_target_that_is_none_is_explained(target: str | int, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        resolve_target(target, P, NAMES)


def test_a_thousand_names_are_not_listed() -> None:
    names = tuple(f"class {i}" for i in range(1000))
    with pytest.raises(ConfigError, match=r"class 19, \.\.\. \(1000 in all\)") as error:
        resolve_target("zebra", np.ones(1000, np.float32), names)
    assert "class 20" not in str(error.value)


def test_ties_go_to_the_lower_index() -> None:
    prediction = read_prediction("predicted", P, NAMES)
    assert [t.index for t in prediction.top] == [1, 3, 0, 2]
    assert (prediction.target, prediction.class_name, prediction.p_full) == (1, "crane", 0.5)


def test_only_five_classes_are_kept() -> None:
    prediction = read_prediction(0, np.linspace(1, 0, 8, dtype=np.float32), tuple("abcdefgh"))
    assert [t.name for t in prediction.top] == list("abcde")


def test_a_target_without_any_probability_is_refused() -> None:
    with pytest.raises(ConfigError, match="gives 'b' probability 0"):
        read_prediction("b", np.array([1, 0], np.float32), ("a", "b"))


@pytest.mark.parametrize("baseline", ["blur", "black", "mean"])
def test_inputs_are_normalised_arrays_of_input_size(baseline: Literal["blur", "black", "mean"]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    image = ImageRecord("i", "I", "s", pixels, "d", "s", "predicted", None, Credit("a", "b"))
    inputs = make_inputs(image, toy_classifier(), MaskModel(baseline=baseline))
    assert inputs.tensor.shape == inputs.baseline.shape == (1, 3, 32, 32)
    assert inputs.tensor.dtype == inputs.baseline.dtype == np.float32
    assert inputs.view.shape == (64, 64, 3)
