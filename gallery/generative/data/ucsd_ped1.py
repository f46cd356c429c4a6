"""``ucsd_ped1:<folder>``: your copy of the UCSD Ped1 surveillance clips.

    <folder>/Train/Train001/001.tif ...
    <folder>/Test/Test003/001.tif ...     <folder>/Test/Test003_gt/001.bmp ...

Only test clips with masks are used. They are divided by clip, the first, third, ... for validation and the
others for the test, because frames of one clip are nearly the same picture. Frames are grey and stretched
to a square. Reference: Mahadevan et al., Anomaly Detection in Crowded Scenes, CVPR 2010.
"""

from pathlib import Path

import numpy as np

from gallery.curation.problems import SourceError
from gallery.errors import ConfigError
from gallery.generative.data import DATASETS, GOOD, DataSet, Held, Stack, join
from gallery.generative.data._files import folders, listed, read_mask, read_picture

FRAMES, MASKS = (".tif", ".tiff"), (".bmp", ".png")
_ANOMALY = "anomaly"


@DATASETS.register("ucsd_ped1", title="UCSD Ped1 layout", reference='"ucsd_ped1:UCSDped1"', is_path=True)
def ucsd_ped1(argument: str, size: int) -> DataSet:
    """Read the clips.

    Raises:
        ConfigError: If no folder is named.
        CurationError: If clips, frames or masks are missing or damaged; names the folder.
    """
    if not argument:
        raise ConfigError("ucsd_ped1: name the folder with Train and Test in it, as in ucsd_ped1:UCSDped1.")
    root = Path(argument)
    train = [
        read_picture(path, size, grey=True)
        for clip in folders(root / "Train", "Train[0-9][0-9][0-9]", "training clips")
        for path in listed(clip, FRAMES, "frames")
    ]
    marked = folders(root / "Test", "Test[0-9][0-9][0-9]_gt", "test clips with masks")
    if len(marked) < 2:
        raise SourceError(
            str(root / "Test"), "Only one clip has masks.", "Two are needed, for validation and for the test."
        )
    return DataSet(
        title="UCSD Ped1",
        origin="UCSD Ped1, read from disk; of the test clips with masks every other one is validation",
        train=Stack(np.stack(train)),
        validation=join([_clip(folder, size) for folder in marked[0::2]]),
        test=join([_clip(folder, size) for folder in marked[1::2]]),
    )


def _clip(marks: Path, size: int) -> Held:
    """Read the frames and masks of one clip.

    Raises:
        SourceError: If they are not as many.
    """
    clip = marks.with_name(marks.name.removesuffix("_gt"))
    frames, masks = listed(clip, FRAMES, "frames"), listed(marks, MASKS, "masks")
    if len(frames) != len(masks):
        raise SourceError(
            str(marks), f"It has {len(masks)} masks for {len(frames)} frames.", "Unpack the clip again."
        )
    read = np.stack([read_mask(path, size) for path in masks])
    return Held(
        np.stack([read_picture(path, size, grey=True) for path in frames]),
        read,
        tuple(_ANOMALY if mask.any() else GOOD for mask in read),
        tuple(f"{clip.name}/{path.stem}" for path in frames),
    )
