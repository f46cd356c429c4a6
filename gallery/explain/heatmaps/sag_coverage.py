r"""Show how much confidence is lost when a patch is taken away, on average over the attention graph.

$$S_j = \frac{1}{|\mathcal{E}_j|} \sum_{N \in \mathcal{E}_j} \frac{f(N) - f(N \setminus \{j\})}{f(P)}$$

$\mathcal{E}$ are the nodes of the structured attention graph (SAG) that were expanded: sets of patches which
still keep the classifier fairly confident, and of which every way to take one patch away was scored. $f(N)$
is the target's probability if only the patches $N$ are kept, and $f(P)$ that of the whole image. A node
without patch $j$ loses nothing when $j$ is taken away and adds an exact zero, so that a patch counts for as
much as it matters *where it is used*, and for as often as it is used. Values are signed, and 1 means that the
confidence in the whole image is lost every time. No image is passed through the network for this map; what
search and graph cost stands with them.

$\mathcal{E}_j$ is all of $\mathcal{E}$ unless the set limits how many patches are taken from a node; then
nodes that contain $j$, and from which it was not taken, tell nothing of it and are left out.

In the theory of games this is the Banzhaf value, with the coalitions of the graph in place of all coalitions.

Pitfalls: the graph grows from a few chosen explanations and stops at a number of nodes, so it looks at few
patch sets, all of them small. A patch outside the graph is 0 because it was not needed there, not because the
classifier ignores it. The same caveat as for MSE coverage holds: the explanations were searched for by the
game that insertion plays.

Differs from the paper, which has no such map: it is ours, so that attention graphs stand in the same tables
as heatmaps.
"""

import torch

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._patches import native_of, structure_of
from gallery.records import cells_of


@HEATMAPS.register(
    "sag_coverage",
    title="SAG coverage",
    reference="Ours; graph: Shitole et al., One Explanation is Not Enough, NeurIPS 2021, arXiv:2011.06733",
    uses_patches=True,
    uses_graph=True,
    is_signed=True,
)
def sag_coverage(subject: Subject) -> RawMap:
    """Return the mean drop of relative confidence per patch, over the expanded nodes of the graph.

    Args:
        subject: What to explain; its structure must be known.

    Returns:
        In units of the confidence in the whole image, signed, float32: (R, S) for a grid, (H, W) for
        superpixels; all zeros if nothing was expanded.

    Raises:
        ConfigError: If no graph has been built.

    Cost:
        Nothing beyond search and graph.
    """
    graph = structure_of(subject, "sag_coverage").graph
    relative = {node.id: node.relative for node in graph.nodes}
    expanded = [node for node in graph.nodes if node.is_expanded]
    n = subject.mask_model.n_cells
    lost = torch.zeros(n, dtype=torch.float64)
    known = torch.full((n,), len(expanded), dtype=torch.float64)
    for node in expanded:
        known[cells_of(node.mask)] -= 1
    for link in graph.links:
        known[link.removed] += 1
        lost[link.removed] += relative[link.source] - relative[link.target]
    return RawMap(native_of(lost / known.clamp(min=1), subject), forwards=0)
