r"""Show in how many of the minimal sufficient explanations (MSEs) found each patch takes part.

$$S_j = \frac{|\{M \in \mathcal{M} : j \in M\}|}{|\mathcal{M}|}$$

$\mathcal{M}$ are the MSEs that the set's search found in the image: sets of patches that alone keep the
classifier confident, and from which no patch can be taken away. A patch with the value 1 takes part in all of
them, a patch with the value 0 in none; without any MSE the map is all zeros. In the theory of simple games
this is the public good index, before it is scaled to sum 1. No image is passed through the network for this
map; what the search cost stands with the search.

By default all MSEs found count alike. If the search found many that differ in a patch or two, these outvote a
quite different one. With `overlap` = $t \ge 0$, $\mathcal{M}$ is the largest selection of MSEs that pairwise
share at most $t$ patches; the smaller $t$, the fewer steps the map has (one, at $t = 0$).

Pitfalls: the map comes out of the very game that insertion plays. The search looked for few patches that
restore the target's probability, and insertion rewards what restores it early, so a good value there says
little; other measures, and other baselines, say more. The map folds alternatives into one picture: it cannot
show that either of two regions is enough, which is what the explanations themselves are for. And it knows
only the MSEs that were found.

Differs from the paper, which has no such map: it is ours, so that structural explanations stand in the same
tables as heatmaps.
"""

import torch

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._patches import native_of, structure_of
from gallery.records import SearchResult, cells_of


@HEATMAPS.register(
    "mse_coverage",
    title="MSE coverage",
    reference="Ours; MSEs: Shitole et al., One Explanation is Not Enough, NeurIPS 2021, arXiv:2011.06733; "
    "index: Holler, Political Studies 30(2), 1982",
    uses_patches=True,
    uses_search=True,
    uses_graph=True,  # the diverse selections are made with the graph
)
def mse_coverage(subject: Subject, *, overlap: int = -1) -> RawMap:
    """Return the share of the MSEs that contain each patch.

    Args:
        subject: What to explain; its structure must be known.
        overlap: Patches that two of the MSEs counted may share, one of the set's overlaps; -1 counts all
            MSEs.

    Returns:
        Shares in [0, 1], float32: (R, S) for a grid, (H, W) for superpixels.

    Raises:
        ConfigError: If there is no selection for ``overlap``, or no search has run.

    Cost:
        Nothing beyond the search.
    """
    found = structure_of(subject, "mse_coverage").search
    counted = _counted(found, overlap)
    shares = torch.zeros(subject.mask_model.n_cells, dtype=torch.float64)
    for mask in counted:
        shares[cells_of(mask)] += 1
    return RawMap(native_of(shares / max(len(counted), 1), subject), forwards=0)


def _counted(found: SearchResult, overlap: int) -> list[int]:
    """Return the masks of all MSEs, or of the largest selection for ``overlap``."""
    if overlap < 0:
        return [mse.mask for mse in found.mses]
    if overlap not in found.diverse:
        known = ", ".join(str(t) for t in sorted(found.diverse)) or "none"
        raise ConfigError(
            f"methods.mse_coverage.overlap: no MSEs were selected for {overlap}. Selected for: {known}; add "
            "it to search.overlaps, or take -1 for all MSEs."
        )
    return [found.mses[i].mask for i in found.diverse[overlap]]
