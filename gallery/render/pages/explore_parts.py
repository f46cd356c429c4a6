"""What an image page needs so that readers can explore the attention graph and try patch sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExploreView:
    """Patches of one image under one classifier, for the script ``explore.js``.

    Attributes:
        key: Of its data in the script at ``script``.
        rows: Of the grid; 0 for superpixels.
        cols: Of the grid; 0 for superpixels.
        n_cells: Number of patches.
        p_full: Probability of the class explained on the whole image.
        threshold: Probability from which a set is sufficient.
        script: With the sets to try and the shapes of superpixels; "" if neither is needed.
        csv: The sets to try as a table; "" if there are none.
        n_sets: How many there are, in words.
        mses: Title and hexadecimal mask of every MSE.
        note: Which sets were left out, or "".
    """

    key: str
    rows: int
    cols: int
    n_cells: int
    p_full: str
    threshold: str
    script: str
    csv: str
    n_sets: str
    mses: tuple[tuple[str, str], ...]
    note: str
