"""Networks by name, and the preprocessing that belongs to them."""

import pytest
import torch
import torchvision
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from torch import nn

from gallery.classifier._architectures import build, timm_preprocessing, torchvision_preprocessing
from gallery.errors import ClassifierError


class Configured(nn.Module):
    """No network, only timm's facts about one."""

    def __init__(self, facts: dict[str, object]) -> None:
        super().__init__()
        self.pretrained_cfg = facts


@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_every_torchvision_recipe_can_be_stated(name: str) -> None:
    for weights in torchvision.models.get_model_weights(name):
        transforms = weights.transforms()
        recipe = torchvision_preprocessing(transforms)
        assert [recipe.size[0]] == transforms.crop_size
        assert [recipe.resize] == transforms.resize_size
        assert recipe.interpolation == transforms.interpolation.value
        assert [*recipe.mean, *recipe.std] == [*transforms.mean, *transforms.std]


def test_the_final_layer_sets_the_number_of_classes() -> None:
    built = build("timm:test_efficientnet", 7)
    assert built.module.state_dict()[built.head].shape[0] == 7
    assert built.module.eval()(torch.zeros(1, 3, *built.preprocessing.size)).shape == (1, 7)


def test_tags_choose_the_preprocessing_not_the_network() -> None:
    tagged, plain = build("timm:resnet18.fb_swsl_ig1b_ft_in1k"), build("timm:resnet18")
    assert tagged.name == plain.name == "timm:resnet18"
    assert (tagged.preprocessing.interpolation, plain.preprocessing.interpolation) == ("bilinear", "bicubic")


def test_random_weights_come_from_a_fixed_seed() -> None:
    torch.manual_seed(5)
    one = build("timm:test_resnet").module.state_dict()
    torch.manual_seed(6)
    two = build("timm:test_resnet").module.state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_unsupported_cropping_is_refused() -> None:
    network = Configured({"input_size": (3, 224, 224), "crop_mode": "border", "crop_pct": 1.0})
    with pytest.raises(
        ClassifierError, match="crops by 'border' at 1 to 224 x 224 px, which is not supported"
    ):
        timm_preprocessing("some_network", network)


def test_other_channel_counts_are_refused() -> None:
    network = Configured({"input_size": (1, 28, 28)})
    with pytest.raises(ClassifierError, match="needs 1-channel input"):
        timm_preprocessing("some_network", network)


def test_preprocessing_equals_timms_own_transform() -> None:
    config = resolve_model_data_config(build("timm:resnet18").module)  # type: ignore[no-untyped-call]
    from_timm = create_transform(**config)
    resize, crop = from_timm.transforms[0], from_timm.transforms[1]
    recipe = build("timm:resnet18").preprocessing
    assert (recipe.resize, recipe.size) == (resize.size, tuple(crop.size))
