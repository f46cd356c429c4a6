"""The tail of a network: same logits as the whole network, and nothing before the layer runs again."""

import copy
from collections import OrderedDict
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._tail import Tail
from tests import toy

SIZE = (64, 64)


def whole(module: nn.Module, layer: str, x: Tensor, activations: Tensor) -> Tensor:
    """Return what the whole network makes of other outputs of ``layer``, image by image."""
    twin = copy.deepcopy(module).eval()
    given = iter(activations)
    twin.get_submodule(layer).register_forward_hook(lambda *_: next(given)[None].clone())
    with torch.no_grad():
        return torch.cat([twin(x) for _ in activations])


def changed(output: Tensor, n: int = 3) -> Tensor:
    """Return ``n`` outputs of the same kind that differ from one another."""
    draw = torch.Generator().manual_seed(6)
    return output * torch.rand(n, *output.shape[1:], generator=draw)


def assert_same_logits(tail: Tail, module: nn.Module, layer: str, x: Tensor) -> None:
    activations = changed(tail.output)
    expected = whole(module, layer, x, activations)
    for _ in range(2):  # a run must not spoil what is recorded for the next
        found = tail(activations.clone())
        assert found.shape == expected.shape
        assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5
    assert float((expected - tail.logits).abs().max() / expected.abs().max()) > 1e-3, "the change is felt"


NETWORKS: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "torchvision resnet18": (
        lambda: torchvision.models.resnet18(weights=None, num_classes=7),
        ["layer4", "layer3", "layer4.1.conv1", "layer4.0.downsample", "layer2.0.bn2", "conv1"],
    ),
    "torchvision densenet121": (
        lambda: torchvision.models.densenet121(weights=None, num_classes=7),
        ["features", "features.denseblock4", "features.denseblock4.denselayer9.conv2"],
    ),
    "torchvision mobilenet_v2": (
        lambda: torchvision.models.mobilenet_v2(weights=None, num_classes=7),
        ["features", "features.12.conv.1"],
    ),
    "torchvision mobilenet_v3_small": (
        lambda: torchvision.models.mobilenet_v3_small(weights=None, num_classes=7),
        ["features.9", "features.9.block.2"],
    ),
    "torchvision convnext_tiny": (
        lambda: torchvision.models.convnext_tiny(weights=None, num_classes=7),
        ["features", "features.5.8.block.3"],
    ),
    "torchvision googlenet": (
        lambda: torchvision.models.googlenet(
            weights=None, num_classes=7, init_weights=False, transform_input=True, aux_logits=False
        ),
        ["inception5b", "inception4a.branch3"],
    ),
    "timm efficientnet_lite0": (
        lambda: timm.create_model("efficientnet_lite0", num_classes=7),
        ["bn2", "blocks.5", "blocks.3.1.conv_dw"],
    ),
    "timm resnet18": (lambda: timm.create_model("resnet18", num_classes=7), ["layer4", "layer4.1.bn2"]),
}


def enlivened(module: nn.Module) -> nn.Module:
    """Return ``module`` with weights that let every branch be felt; some begin at zero or nearly so."""
    draw = torch.Generator().manual_seed(3)
    for name, value in module.named_parameters():
        if value.ndim > 1 and len(value) < value.numel():
            nn.init.kaiming_normal_(value, nonlinearity="relu", generator=draw)
        elif not name.endswith("bias"):
            nn.init.uniform_(value, 0.5, 1.5, generator=draw)
    return module.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_known_networks_run_behind_the_layer_only(name: str) -> None:
    make, layers = NETWORKS[name]
    with torch.random.fork_rng():
        module = enlivened(make())
    x = toy.image_of(SIZE)
    for layer in layers:
        tail = Tail(module, layer, x)
        assert tail.is_short, layer
        assert_same_logits(tail, module, layer, x)


class Counting(nn.Module):
    """Multiplies, and counts the images it sees."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by, self.images = by, 0

    def forward(self, x: Tensor) -> Tensor:
        """Return x multiplied."""
        self.images += len(x)
        return self.by * x


class Net(nn.Module):
    """A network of counted parts around one layer; subclasses wire them."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(4)
            self.stem = nn.Sequential(nn.Conv2d(3, 6, 3), Counting(1.5))
            self.layer = nn.Conv2d(6, 6, 3, padding=1)
            self.late = Counting(-0.5)
            self.bend = nn.ReLU(inplace=True)
            self.fc = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        before = self.bend(self.stem(x))
        return self.head(self.bend(self.late(self.layer(before))) + before)

    def head(self, maps: Tensor) -> Tensor:
        """Return logits (B, 4) of feature maps."""
        logits: Tensor = self.fc(maps.mean(dim=(2, 3)))
        return logits


def test_what_comes_before_the_layer_runs_once_and_what_follows_every_time() -> None:
    module, x = Net().eval(), toy.image_of(SIZE)
    tail = Tail(module, "layer", x)
    assert (tail.is_short, tail.forwards) == (True, 3)
    tail(changed(tail.output, 5))
    assert module.stem[1].images == 1
    assert module.late.images == tail.forwards == 1 + 2 + 5
    # ``bend`` runs on both sides of the layer: the first answer is recorded, the second computed.
    assert_same_logits(tail, module, "layer", x)


class InPlace(Net):
    """Writes into what a module before the layer returned."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        before = self.bend(self.stem(x))
        after = self.layer(before)
        before += self.late(after)
        return self.head(before)


class Joined(Net):
    """Returns tensors in a tuple, and joins two of them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Several(self.stem)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        first, (second, nothing), named = self.stem(x)
        assert nothing is None
        assert named["dim"].ndim == 0
        both = torch.cat([first, self.late(self.layer(second))], dim=3)
        return self.head(both.reshape(len(x), 6, -1, 1))


class Several(nn.Module):
    """Wraps what another module returns."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor | None], OrderedDict[str, Tensor]]:
        """Return a tuple, a list and a dict of tensors and other things."""
        out = self.inner(x)
        return out, [out + 1, None], OrderedDict(dim=torch.tensor(2.0))


@pytest.mark.parametrize("make", [InPlace, Joined])
def test_code_between_modules_is_run_as_it_is(make: type[Net]) -> None:
    module, x = make().eval(), toy.image_of(SIZE)
    tail = Tail(module, "layer", x)
    assert tail.is_short
    assert_same_logits(tail, module, "layer", x)


class BatchLast(Net):
    """A module before the layer puts the batch in another dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = Turn()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        return self.head(self.late(self.layer(self.turn(self.stem(x)).movedim(-1, 0))))


class Turn(nn.Module):
    """Moves the batch to the end."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (C, h, w, B)."""
        return x.movedim(0, -1)


class Alternating(Net):
    """Calls a module before the layer in every other pass only: a second run takes another course."""

    runs = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        self.runs += 1
        before = self.stem(x)
        if self.runs == 1:
            self.late(before)
        return self.head(self.late(self.layer(before)))


class Hooked(Net):
    """A hook changes what the stem returned; answering from memory would change it twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem.register_forward_hook(lambda _, __, output: output * 2 + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        before = self.stem(x)
        return self.head(self.late(self.layer(before)) + before)


@pytest.mark.parametrize("make", [BatchLast, Alternating, Hooked])
def test_networks_that_cannot_be_cut_run_whole(make: type[Net]) -> None:
    module, x = make().eval(), toy.image_of(SIZE)
    tail = Tail(module, "layer", x)
    assert not tail.is_short
    assert_same_logits(tail, module, "layer", x)


def state(module: nn.Module) -> list[tuple[object, ...]]:
    """Return what must not change: flags, hooks and replaced methods of every module."""
    return [
        (m.training, dict(m._forward_hooks), dict(m._forward_pre_hooks), m.__dict__.get("forward"))
        for m in module.modules()
    ]


class Breakable(Net):
    """Raises when told to."""

    is_broken = False

    def head(self, maps: Tensor) -> Tensor:
        """Return logits, or raise."""
        if self.is_broken:
            raise RuntimeError("out of order")
        return super().head(maps)


def test_network_is_left_as_found_also_after_an_error() -> None:
    module, x = Breakable(), toy.image_of(SIZE)
    module.stem.train(mode=False)
    own = module.late.forward
    module.late.forward = own  # type: ignore[method-assign]
    before = state(module)
    assert any(entry[0] for entry in before)
    tail = Tail(module, "layer", x)
    assert tail.is_short
    tail(changed(tail.output))
    assert state(module) == before
    module.is_broken = True
    for run in (lambda: tail(changed(tail.output)), lambda: Tail(module, "layer", x)):
        with pytest.raises(RuntimeError, match="out of order"):
            run()
        assert state(module) == before


class Twice(Net):
    """Runs the layer twice."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 4)."""
        return self.head(self.layer(self.layer(self.stem(x))))


@pytest.mark.parametrize(
    ("module", "layer", "message"),
    [
        (Net(), "lair", "'lair' is not in the network"),
        (Twice(), "layer", "'layer' ran 2 times"),
        (Joined(), "stem", "'stem': expected one tensor .* got tuple"),
        (BatchLast(), "turn", r"'turn': expected one tensor \(1, ...\), got \(6, 62, 62, 1\)"),
    ],
)
def test_layers_without_a_tail_are_errors(module: nn.Module, layer: str, message: str) -> None:
    with pytest.raises(ClassifierError, match=message):
        Tail(module, layer, toy.image_of(SIZE))
