r"""Whether the highest point of the map lies on the marked object.

1 for a hit, 0 for a miss; the mean over images is the pointing accuracy. **Higher is better.** A point hits
if a pixel of the object is at most $0.03 \max(H, W)$ away, the tolerance. Where several pixels share the
highest value, as on the flat border of an upsampled map, the value is the share of them that hit. A map that
is the same everywhere has no highest point and gets no value, nor does a photograph without a marked object
or one whose object lies outside what the classifier sees.

**Protocol.** The tolerance of the original game is 15 px on photographs of PASCAL VOC, about 500 px wide: 3
%. We take the same share of the input, 6.7 px at 224 px; 15 px there would be more than twice as lenient. A
pixel is object if at least half of it is.

**Pitfalls.** One pixel decides, so the measure is noisy and needs many images; the rest of the map does not
count at all. A point in the middle of the image scores well on most collections of photographs, because that
is where photographers put objects. The highest point of a coarse map (7 x 7 cells) is only known to half a
cell.

**Differs from the paper.** It counts accuracy per class and then averages over classes; pages here average
over images. Its common implementation gives ties to the first pixel.
"""

from scipy.ndimage import distance_transform_edt  # type: ignore[import-untyped]

from gallery.errors import ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import NO_ORDER, is_constant
from gallery.measure._regions import NO_OBJECT, OUT_OF_SIGHT


@MEASURES.register(
    "pointing_game",
    title="Pointing game",
    reference="Zhang et al., Top-Down Neural Attention by Excitation Backprop, IJCV 2018, arXiv:1608.00507",
    unit="share of images",
    better="higher",
    uses_regions=True,
)
def pointing_game(subject: Measured, *, tolerance: float = 0.03) -> Score:
    """Return whether the highest point hits: 1.0, 0.0, or the share of several highest points that hit.

    Args:
        subject: The map and the region.
        tolerance: Share of the longer side within which a miss is forgiven, in [0, 1].

    Raises:
        ConfigError: If ``tolerance`` is not in [0, 1].

    Cost:
        No forward pass.
    """
    if not 0 <= tolerance <= 1:
        raise ConfigError(f"measures.options.pointing_game.tolerance: must lie in [0, 1], got {tolerance}.")
    if subject.region is None:
        return Score(None, forwards=0, note=NO_OBJECT)
    if not bool(subject.region.any()):
        return Score(None, forwards=0, note=OUT_OF_SIGHT)
    if is_constant(subject):
        return Score(None, forwards=0, note=NO_ORDER)
    # An object smaller than half a pixel still has a place: where most of it is.
    target = (subject.region >= min(0.5, float(subject.region.max()))).cpu().numpy()
    peaks = (subject.values == subject.values.max()).cpu().numpy()
    distance = distance_transform_edt(~target)[peaks]
    return Score(float((distance <= tolerance * max(peaks.shape)).mean()), forwards=0)
