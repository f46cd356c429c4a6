"""Training an INTR head: photographs in one folder per class -> a head over a frozen backbone's features.

The backbone never changes, so that every photograph, and its mirror image, passes through it once; only the
head is trained on what came out. Differs from the paper, which trains the backbone along for 140 epochs on a
GPU: this is for small sets, and takes minutes on a CPU.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from gallery.classifier._base import LoadedClassifier
from gallery.classifier._class_queries import ClassQueries, QueryShape
from gallery.classifier.intr import Head, head_bytes, load_backbone
from gallery.curation.sources import Item, list_source
from gallery.errors import ConfigError, TrainingError
from gallery.preprocess import preprocess
from gallery.store.store import write_atomic
from gallery.tensors import generator

DROP_AT = 0.8
"""Share of the epochs after which the learning rate is a tenth."""
WEIGHT_DECAY, CLIP = 1e-4, 0.1
PASS = 16
"""Images the backbone sees together."""
Tell = Callable[[str], None]
"""Told of every finished unit: a photograph, or an epoch."""


@dataclass(frozen=True)
class HeadSettings:
    """How a head is trained; sizes as in ``QueryShape``.

    Attributes:
        backbone: "<source>:<model>".
        width: Of queries and keys.
        heads: Of the attention; they divide ``width``.
        layers: Of the decoder.
        epochs: Times every photograph is seen, in half of them mirrored.
        batch: Photographs per step.
        learning_rate: Of AdamW.
        held_out: Share of every class kept back to judge by; 0 for none.
        seed: Of the weights, the split, the order and the dropout.

    Raises:
        ConfigError: If a number is out of range.
    """

    backbone: str = "embedded:efficientnet_lite0"
    width: int = 64
    heads: int = 4
    layers: int = 2
    epochs: int = 60
    batch: int = 16
    learning_rate: float = 1e-3
    held_out: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers", "epochs", "batch", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: it must be above 0, got {getattr(self, name)}.")
        if self.width % self.heads:
            raise ConfigError(f"heads: {self.heads} heads do not divide a width of {self.width}.")
        if not 0 <= self.held_out < 1:
            raise ConfigError(f"held_out: it must be at least 0 and below 1, got {self.held_out}.")


@dataclass(frozen=True)
class Examples:
    """Photographs as the backbone hands them on.

    Attributes:
        features: (N, 2, C, h, w) float32: of each photograph, and of its mirror image.
        labels: (N,) int64.
        classes: Names, by class index: the sub-folders in alphabetical order.
    """

    features: Tensor
    labels: Tensor
    classes: tuple[str, ...]


def train_head(photos: Path, out: Path, settings: HeadSettings, tell: Tell, *, device: str = "cpu") -> Head:
    """Train a head on the photographs of a folder and write it.

    Args:
        photos: A sub-folder for each class.
        out: File to write; ends in .safetensors.
        settings: How to train.
        tell: Told of every photograph seen and every epoch done.
        device: Of the backbone and the training.

    Returns:
        What the file says about itself, with the outcome in ``training``.

    Raises:
        ConfigError: If ``out`` has another ending.
        SourceError: If the folder or a photograph cannot be read.
        TrainingError: If there are too few classes or photographs, or the loss is not finite.
        ClassifierError: If the backbone cannot be loaded, or hands out no feature map.
        StoreError: If the file cannot be written.

    Cost:
        Two passes of the backbone per photograph, and its feature maps in memory.
    """
    if out.suffix != ".safetensors":
        raise ConfigError(f"{out}: the file of a head ends in .safetensors.")
    items = labelled(photos)
    backbone = load_backbone(settings.backbone, Path())
    examples = examples_of(items, backbone, tell, device)
    train, held = split(examples.labels, settings.held_out, settings.seed)
    queries = fit_head(examples, train, settings, tell, device)
    training = {
        **{name: value for name, value in asdict(settings).items() if name != "backbone"},
        "n_train": len(train),
        "n_held_out": len(held),
        "right_train": n_right(queries, examples, train),
        "right_held_out": n_right(queries, examples, held),
        "torch": torch.__version__,
    }
    head = Head(settings.backbone, backbone.card.digest, examples.classes, queries.shape, training)
    write_atomic(out, head_bytes(head, queries))
    return head


def labelled(photos: Path) -> list[tuple[str, Item]]:
    """Return the photographs of a folder with their classes, the names of their sub-folders.

    Raises:
        SourceError: If there is no such folder, or it holds no picture.
        TrainingError: If a photograph is in no sub-folder, or there are fewer than two classes, or fewer than
            two photographs of one.
    """
    items = [item for item in list_source(f"folder:{photos.as_posix()}", Path()) if isinstance(item, Item)]
    found = [(Path(item.where).parent.name.replace("_", " "), item) for item in items]
    if stray := [item.where for item in items if Path(item.where).parent == photos]:
        raise TrainingError(f"{stray[0]}: it lies in no sub-folder, which would name its class. Move it.")
    counts = {label: sum(label == other for other, _ in found) for label, _ in found}
    if len(counts) < 2:
        raise TrainingError(f"{photos}: one class only ({next(iter(counts))}). Add a sub-folder for another.")
    if few := [label for label, n in counts.items() if n < 2]:
        raise TrainingError(f"{photos}: one photograph of {few[0]!r} only. Add another, or leave it out.")
    return found


def examples_of(
    items: Sequence[tuple[str, Item]], backbone: LoadedClassifier, tell: Tell, device: str
) -> Examples:
    """Return photographs as the backbone hands them on, mirrored ones too.

    Raises:
        SourceError: If one cannot be read.
        ClassifierError: If the backbone's features are no map.
    """
    module, preprocessing = backbone.module.to(device), backbone.card.preprocessing
    parts: list[Tensor] = []
    for start in range(0, len(items), PASS // 2):
        part = items[start : start + PASS // 2]
        x = torch.cat([torch.from_numpy(preprocess(item.read().pixels, preprocessing)) for _, item in part])
        with torch.inference_mode():
            features = module.forward_features(torch.cat([x, x.flip(-1)]).to(device))  # type: ignore[operator]
        if features.ndim != 4:
            raise TrainingError(
                f"{backbone.card.id}: its features are {tuple(features.shape[1:])}, not a map (C, h, w). "
                "Choose a convolutional network as --backbone."
            )
        parts.append(torch.stack(features.float().cpu().chunk(2), dim=1))
        for _, item in part:
            tell(item.where)
    classes = tuple(sorted({label for label, _ in items}))
    labels = torch.tensor([classes.index(label) for label, _ in items])
    return Examples(torch.cat(parts).clone(), labels, classes)


def split(labels: Tensor, held_out: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return indices to train on and to judge by: of every class its share, at least one each.

    Args:
        labels: (N,) int64.
        held_out: Share to judge by; 0 for none.
        seed: Of the draw.
    """
    rng = generator(seed)
    train, held = [], []
    for label in sorted(set(labels.tolist())):
        places = (labels == label).nonzero()[:, 0]
        places = places[torch.randperm(len(places), generator=rng)]
        n = min(max(1, round(held_out * len(places))), len(places) - 1) if held_out else 0
        held.append(places[:n])
        train.append(places[n:])
    return torch.cat(train).sort().values, torch.cat(held).sort().values


def fit_head(
    examples: Examples, train: Tensor, settings: HeadSettings, tell: Tell, device: str
) -> ClassQueries:
    """Train a head by cross-entropy and return it on the CPU, in evaluation mode.

    Raises:
        TrainingError: If the loss is not finite.
    """
    rng, n_classes, channels = generator(settings.seed), len(examples.classes), examples.features.shape[2]
    shape = QueryShape(n_classes, channels, settings.width, settings.heads, settings.layers)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        queries = ClassQueries(shape).to(device).train()
        rate = settings.learning_rate
        optimiser = torch.optim.AdamW(queries.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
        for epoch in range(settings.epochs):
            if epoch == int(DROP_AT * settings.epochs):
                optimiser.param_groups[0]["lr"] = rate / 10
            order = train[torch.randperm(len(train), generator=rng)]
            for start in range(0, len(order), settings.batch):
                part = order[start : start + settings.batch]
                mirrored = torch.randint(2, (len(part),), generator=rng)
                logits = queries(examples.features[part, mirrored].to(device))
                loss = F.cross_entropy(logits, examples.labels[part].to(device))
                if not bool(loss.isfinite()):
                    raise TrainingError(
                        f"epoch {epoch + 1}: the loss is not finite. Give a --learning-rate below {rate:g}."
                    )
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(queries.parameters(), CLIP)
                optimiser.step()
            tell(f"epoch {epoch + 1}")
    return queries.cpu().eval()


def n_right(queries: ClassQueries, examples: Examples, places: Tensor) -> int:
    """Return how many of some photographs, not mirrored, a head gets right."""
    if not len(places):
        return 0
    with torch.inference_mode():
        found: Tensor = queries(examples.features[places, 0]).argmax(dim=1)
    return int((found == examples.labels[places]).sum())
