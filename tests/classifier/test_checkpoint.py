"""One's own weights: round trips, wrappings, messages, and files that would run code."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor

from gallery.classifier._base import LoadedClassifier
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.records import Preprocessing

ARCH = "arch=timm:test_resnet"
Tensors = dict[str, Tensor]


@pytest.fixture(scope="module")
def trained() -> Tensors:
    """Tensors of a 5-class network."""
    torch.manual_seed(1)
    tensors: Tensors = timm.create_model("test_resnet", num_classes=5).state_dict()
    return tensors


def load(folder: Path, model: str) -> LoadedClassifier:
    return load_classifier(f"checkpoint:{model}", device="cpu", folder=folder)


def save_pth(content: object, path: Path) -> None:
    torch.save(content, path)


WRAPPINGS: dict[str, Callable[[Tensors], object]] = {
    "plain": lambda t: t,
    "state_dict": lambda t: {"epoch": 3, "state_dict": t},
    "model": lambda t: {"model": t, "optimizer": {"lr": 0.1}},
    "module.": lambda t: {f"module.{key}": value for key, value in t.items()},
    "compiled, parallel, wrapped": lambda t: {
        "state_dict": {f"module._orig_mod.{k}": v for k, v in t.items()}
    },
    "without counters": lambda t: {k: v for k, v in t.items() if not k.endswith("num_batches_tracked")},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_pth_round_trip(tmp_path: Path, trained: Tensors, wrapping: str) -> None:
    save_pth(WRAPPINGS[wrapping](trained), tmp_path / "my.pth")
    loaded = load(tmp_path, f"my.pth?{ARCH}")
    kept = {key: value for key, value in trained.items() if not key.endswith("num_batches_tracked")}
    state = loaded.module.state_dict()
    assert all(torch.equal(state[key], value) for key, value in kept.items())
    assert len(loaded.card.class_names) == 5


def test_file_formats_have_one_digest(tmp_path: Path, trained: Tensors) -> None:
    save_pth(trained, tmp_path / "my.pth")
    save_file(trained, tmp_path / "my.safetensors")
    one, two = (load(tmp_path, f"{name}?{ARCH}").card for name in ("my.pth", "my.safetensors"))
    assert one.digest == two.digest
    assert one.slug == f"checkpoint-my-pth-{one.digest[:8]}"


def test_everything_can_be_stated(tmp_path: Path, trained: Tensors) -> None:
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\ndög\nemu\n", encoding="utf-8")
    save_pth(trained, tmp_path / "my.pth")
    card = load(
        tmp_path,
        f"my.pth?{ARCH}&classes=names.txt&size=96x64&resize=110&interpolation=bilinear&mean=0.1,0.2,0.3&std=1,2,3"
        "&licence=CC0-1.0&title=My+net&paper=A%20%26%20B&url=https://example.org&cam_layer=layer3",
    ).card
    assert card.class_names == ("ant", "bee", "cat", "dög", "emu")
    assert card.preprocessing == Preprocessing((96, 64), 110, "bilinear", (0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    assert (card.id, card.title, card.licence, card.paper) == (
        "checkpoint:my.pth",
        "My net",
        "CC0-1.0",
        "A & B",
    )
    assert (card.url, card.cam_layer) == ("https://example.org", "layer3")


def test_defaults_are_the_librarys(tmp_path: Path, trained: Tensors) -> None:
    save_pth(trained, tmp_path / "my.pth")
    card = load(tmp_path, f"my.pth?{ARCH}&resize=none").card
    half = (0.5, 0.5, 0.5)
    assert card.preprocessing == Preprocessing((160, 160), None, "bilinear", half, half)
    assert card.class_names[4] == "class 4"
    assert card.title == "my"


def test_torchvision_architectures_with_fewer_classes(tmp_path: Path) -> None:
    network = torchvision.models.squeezenet1_1(weights=None, num_classes=3)
    save_file(network.state_dict(), tmp_path / "s.safetensors")
    assert len(load(tmp_path, "s.safetensors?arch=torchvision:squeezenet1_1").card.class_names) == 3


def test_absolute_paths_stay_off_the_card(tmp_path: Path, trained: Tensors) -> None:
    save_pth(trained, tmp_path / "my.pth")
    card = load(Path("/elsewhere"), f"{tmp_path / 'my.pth'}?{ARCH}").card
    assert str(tmp_path) not in repr(card)
    assert card.id == "checkpoint:my.pth"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", r'do not say which network .* add "\?arch='),
        ("?arch=resnet18", 'expected "timm:<name>" or "torchvision:<name>"'),
        ("?arch=timm:tst_resnet", "Did you mean 'test_resnet'"),
        (f"?{ARCH}&tilte=x", "unknown key 'tilte'. Did you mean 'title'"),
        (f"?{ARCH}&title=a&title=b", "title: given twice"),
        (f"?{ARCH}&title=", "title: given no value"),
        (f"?{ARCH}&size=big", 'size=big: expected "224"'),
        (f"?{ARCH}&resize=-4", "resize=-4: expected"),
        (f"?{ARCH}&mean=1,2", "mean=1,2: expected"),
        (f"?{ARCH}&mean=1,2,e", "mean=1,2,e: expected"),
        (f"?{ARCH}&std=1,0,1", "std=1,0,1: expected"),
        (f"?{ARCH}&interpolation=nearest", "interpolation=nearest: expected"),
        (f"?{ARCH}&classes=none.txt", "classes=none.txt: cannot be read"),
        (f"?{ARCH}&classes=gap.txt", "line 2 is empty"),
        (f"?{ARCH}&classes=two.txt", "has 5 classes, but 2 class names"),
        (f"?{ARCH}&cam_layer=layer9", "no module 'layer9'. The default is 'layer4'"),
        ("?arch=timm:test_vit", r"missing .*unexpected .*Check that arch=timm:test_vit"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, trained: Tensors, query: str, message: str) -> None:
    (tmp_path / "gap.txt").write_text("a\n\nc\nd\ne\n", encoding="utf-8")
    (tmp_path / "two.txt").write_text("a\nb\n", encoding="utf-8")
    save_pth(trained, tmp_path / "my.pth")
    with pytest.raises(ClassifierError, match=message):
        load(tmp_path, f"my.pth{query}")


def test_a_size_the_network_cannot_take(tmp_path: Path) -> None:
    save_file(timm.create_model("test_vit").state_dict(), tmp_path / "v.safetensors")
    with pytest.raises(
        ClassifierError, match=r"cannot take a \(1, 3, 100, 100\) input: .* it was trained with"
    ):
        load(tmp_path, "v.safetensors?arch=timm:test_vit&size=100")


def test_differences_are_counted_and_named(tmp_path: Path, trained: Tensors) -> None:
    tensors = dict(trained)
    tensors["extra.weight"] = tensors.pop("bn1.bias")
    tensors["conv1.0.weight"] = torch.zeros(2, 2)
    save_pth(tensors, tmp_path / "my.pth")
    with pytest.raises(ClassifierError) as caught:
        load(tmp_path, f"my.pth?{ARCH}")
    assert "1 missing (bn1.bias)" in str(caught.value)
    assert "1 unexpected (extra.weight)" in str(caught.value)
    assert "1 of another shape (conv1.0.weight (2, 2) instead of" in str(caught.value)


class Bomb:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self.path, "boom")


@pytest.mark.parametrize("name", ["my.pth", "my.pt", "my.ckpt", "my.bin"])
@pytest.mark.parametrize("raw", [False, True])
def test_pickled_code_is_never_run(tmp_path: Path, name: str, raw: bool) -> None:
    target, bomb = tmp_path / "written", tmp_path / name
    if raw:
        bomb.write_bytes(pickle.dumps({"w": Bomb(target)}))
    else:
        save_pth({"w": torch.zeros(2), "x": Bomb(target)}, bomb)
    with pytest.raises(ClassifierError, match=r"Pickled objects are refused .* safetensors"):
        load(tmp_path, f"{name}?{ARCH}")
    assert not target.exists()
    # The bomb is live: this is what must not happen above.
    pickle.loads(bomb.read_bytes()) if raw else torch.load(bomb, weights_only=False)
    assert target.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("my.pth", b"", "Pickled objects are refused|damaged"),
        ("my.pth", b"garbage", "damaged"),
        ("my.safetensors", b"garbage", "not a readable safetensors file"),
        ("my.onnx", b"", "unknown kind of weight file"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClassifierError, match=message):
        load(tmp_path, f"{name}?{ARCH}")


@pytest.mark.parametrize(
    ("content", "message"), [([1, 2], "holds a list"), ({"epoch": 1}, "holds no tensors")]
)
def test_files_without_tensors(tmp_path: Path, content: object, message: str) -> None:
    save_pth(content, tmp_path / "my.pth")
    with pytest.raises(ClassifierError, match=message):
        load(tmp_path, f"my.pth?{ARCH}")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"checkpoint:no\.pth: no such file"):
        load(tmp_path, f"no.pth?{ARCH}")
