"""``mvtec:<folder of one category>``: your copy of a category in the MVTec-AD layout.

    <category>/train/good/*.png
    <category>/test/good/*.png            <category>/test/<defect>/*.png
    <category>/ground_truth/<defect>/<name>_mask.png

The layout has no validation part; within every kind, the test pictures with an even place in the list (0,
2, ...) become validation, the others stay test. Figures are therefore over half of the official test
pictures. Pictures are stretched to a square; those that are grey in the file become three equal channels.
Reference: Bergmann et al., MVTec AD, CVPR 2019.
"""

from pathlib import Path

import numpy as np

from gallery.curation.problems import SourceError
from gallery.errors import ConfigError
from gallery.generative.data import DATASETS, GOOD, DataSet, Held, Stack
from gallery.generative.data._files import folders, listed, read_mask, read_picture

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@DATASETS.register("mvtec", title="MVTec-AD layout", reference='"mvtec:mvtec_ad/bottle"', is_path=True)
def mvtec(argument: str, size: int) -> DataSet:
    """Read one category.

    Raises:
        ConfigError: If no folder is named.
        CurationError: If a folder, picture or mask is missing or damaged; names it.
    """
    if not argument:
        raise ConfigError("mvtec: name the folder of a category, as in mvtec:mvtec_ad/bottle.")
    root = Path(argument)
    train = [
        read_picture(path, size, grey=False) for path in listed(root / "train" / GOOD, SUFFIXES, "pictures")
    ]
    kinds = folders(root / "test", "*", "kinds of test pictures")
    files = [(kind.name, listed(kind, SUFFIXES, "pictures")) for kind in kinds]
    return DataSet(
        title=root.name,
        origin=f"category {root.name} in the MVTec-AD layout, read from disk; of the test pictures of "
        "each kind every other one is validation",
        train=Stack(np.stack(train)),
        validation=_held(root, [(kind, path) for kind, paths in files for path in paths[0::2]], size),
        test=_held(root, [(kind, path) for kind, paths in files for path in paths[1::2]], size),
    )


def _held(root: Path, files: list[tuple[str, Path]], size: int) -> Held:
    if not files:
        raise SourceError(
            str(root / "test"),
            "It has too few pictures.",
            "At least two of a kind are needed, for validation and test.",
        )
    masks = [
        np.zeros((size, size), dtype=bool) if kind == GOOD else read_mask(_mask_of(root, kind, path), size)
        for kind, path in files
    ]
    return Held(
        np.stack([read_picture(path, size, grey=False) for _, path in files]),
        np.stack(masks),
        tuple(kind for kind, _ in files),
        tuple(f"{kind}/{path.name}" for kind, path in files),
    )


def _mask_of(root: Path, kind: str, picture: Path) -> Path:
    """Return the mask of a picture with a defect.

    Raises:
        SourceError: If there is none.
    """
    path = root / "ground_truth" / kind / f"{picture.stem}_mask.png"
    if not path.is_file():
        raise SourceError(
            str(path), f"The mask of {kind}/{picture.name} is missing.", "Unpack the whole category again."
        )
    return path
