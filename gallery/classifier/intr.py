"""Your own INTR classifier: ``intr:<path>``, a file that ``gallery head train`` wrote.

The file holds the head alone, as safetensors, and says which backbone it belongs to; the backbone comes from
its own source and is refused if it is not the one the head was trained on. Reference: Paul et al., A Simple
Interpretable Transformer for Fine-Grained Image Classification and Analysis, ICLR 2024, arXiv:2311.04157.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from gallery.classifier._base import SOURCES, Facts, LoadedClassifier, Progress, finish
from gallery.classifier._class_queries import ClassQueries, ClassQueryNet, QueryShape
from gallery.classifier._weights import fit
from gallery.errors import ClassifierError

FORMAT = "gallery-intr-1"
_ENTRY = "gallery"
"""The only metadata entry: several would be written in no fixed order."""
_AGAIN = "Train it again: gallery head train PHOTOS --out FILE."


@dataclass(frozen=True)
class Head:
    """What the file of a head says about itself.

    Attributes:
        backbone: "<source>:<model>" of the frozen network.
        backbone_digest: Of its weights and preprocessing.
        classes: Names, by class index.
        shape: Sizes of the head.
        training: Settings and outcome, as printed.
    """

    backbone: str
    backbone_digest: str
    classes: tuple[str, ...]
    shape: QueryShape
    training: dict[str, Any]


@SOURCES.register("intr", title="Your own INTR classifier", reference="arXiv:2311.04157")
def intr(model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
    """Load a head and its backbone; see the module and ``Source``."""
    spec, path = f"intr:{model}", folder / model
    head = read_head(path, spec)
    backbone = load_backbone(head.backbone, folder, progress)
    if backbone.card.digest != head.backbone_digest:
        raise ClassifierError(
            f"{spec}: trained on other weights of {head.backbone} (SHA-256 {head.backbone_digest[:12]}..., "
            f"here {backbone.card.digest[:12]}...). {_AGAIN}"
        )
    queries = ClassQueries(head.shape)
    fit(queries, load_file(path, device="cpu"), spec, _AGAIN)
    # An absolute path is this machine's business and does not go onto pages.
    name = Path(model).name if Path(model).is_absolute() else model
    card = backbone.card
    facts = Facts(
        id=f"intr:{name}",
        title=f"INTR head {Path(model).stem} on {card.title}",
        architecture=f"intr:{card.architecture}",
        preprocessing=card.preprocessing,
        class_names=head.classes,
        licence=f"your own; backbone: {card.licence}",
        paper="D. Paul et al., ICLR 2024, arXiv:2311.04157 (head); backbone: " + card.paper,
        url=card.url,
        cam_layer=f"backbone.{card.cam_layer}" if card.cam_layer else "",
        is_slug_unique=False,
    )
    return finish(ClassQueryNet(without_classes(backbone.module), queries), facts)


def load_backbone(spec: str, folder: Path, progress: Progress | None = None) -> LoadedClassifier:
    """Load a classifier whose feature map a head can attend to, on the CPU.

    Raises:
        ClassifierError: If there is no such classifier, or it hands out no feature map.
    """
    source, colon, model = spec.partition(":")
    if not colon or source not in SOURCES:
        raise ClassifierError(
            f'Backbone {spec!r}: expected "<source>:<model>", such as "embedded:efficientnet_lite0".'
        )
    loaded = SOURCES[source].call(model, folder=folder, progress=progress)
    if not callable(getattr(loaded.module, "forward_features", None)):
        raise ClassifierError(
            f"Backbone {spec!r}: it hands out no feature map. Take a network of timm, such as "
            '"timm:resnet18", or "embedded:efficientnet_lite0".'
        )
    return loaded


def without_classes(module: nn.Module) -> nn.Module:
    """Return a network of timm without the layer that names its own classes."""
    module.reset_classifier(0)  # type: ignore[operator]
    return module


def head_bytes(head: Head, queries: ClassQueries) -> bytes:
    """Return the content of a head's file; the same head, the same bytes."""
    text = json.dumps({"format": FORMAT, **asdict(head)}, sort_keys=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in queries.state_dict().items()}
    return save(tensors, {_ENTRY: text})


def read_head(path: Path, shown: str) -> Head:
    """Return what the file of a head says about itself.

    Args:
        path: Of the file.
        shown: The path as the user wrote it, for messages.

    Raises:
        ClassifierError: If there is no such file, or it is damaged or none of ours.
    """
    if not path.is_file():
        raise ClassifierError(f"{shown}: no such file. Relative paths start from the manifest's folder.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            values = json.loads((file.metadata() or {})[_ENTRY])
        known = values.pop("format") == FORMAT
        values |= {"shape": QueryShape(**values["shape"]), "classes": tuple(values["classes"])}
        head = Head(**values)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        reason = f"not a head that gallery head train wrote, or damaged ({error})"
        raise ClassifierError(f"{shown}: {reason}. {_AGAIN}") from error
    if not known or head.shape.n_classes != len(head.classes):
        raise ClassifierError(f"{shown}: written in another format than {FORMAT}. {_AGAIN}")
    return head
