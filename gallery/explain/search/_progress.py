"""How far the beam search is: the explanations found, the scores taken, and where it stops."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gallery.explain.search._base import FoundSet, Verdicts, in_printed_order
from gallery.explain.search._diverse import largest_diverse
from gallery.explain.search._minimise import check_subsets
from gallery.interfaces import ScoreSteps


@dataclass(frozen=True)
class Limits:
    """Where a search stops; fields as the arguments of ``beam``."""

    n_cells: int
    max_size: int
    max_mses: int
    max_forwards: int
    verify_up_to: int


@dataclass
class Progress:
    """What the parts of one search share.

    Attributes:
        limits: Where it stops.
        verdicts: Known scores.
        found: Explanations so far, by mask.
    """

    limits: Limits
    verdicts: Verdicts
    found: dict[int, FoundSet] = field(default_factory=dict)

    @property
    def is_spent(self) -> bool:
        """Whether the search has spent its scores."""
        return len(self.verdicts.scores) >= self.limits.max_forwards

    @property
    def n_wanted(self) -> int:
        """How many more explanations there may be."""
        return self.limits.max_mses - len(self.found)

    @property
    def is_over(self) -> bool:
        """Whether the search has enough explanations, or has spent its scores."""
        return self.n_wanted <= 0 or self.is_spent

    @property
    def smallest(self) -> int:
        """Patches of the smallest explanation, 0 if there is none."""
        return min((mask.bit_count() for mask in self.found), default=0)

    def contains_one(self, mask: int) -> bool:
        """Return whether an explanation found lies inside ``mask``."""
        return any(one & mask == one for one in self.found)

    def family(self, overlap: int) -> list[int]:
        """Return the largest selection of explanations that pairwise share at most ``overlap`` patches."""
        known = in_printed_order(self.found.values())
        return [known[i].mask for i in largest_diverse(known, overlap)]

    def add(self, minimal: Iterable[int]) -> ScoreSteps[int]:
        """Check all subsets of sets from which no patch can be dropped, and file what stands.

        Returns:
            How many explanations are new.
        """
        before = len(self.found)
        new = [mask for mask in minimal if mask not in self.found]
        for one in (yield from check_subsets(new, self.verdicts, self.limits.verify_up_to)):
            self.found[one.mask] = one
        return len(self.found) - before

    def note(self, n_confirmed: int) -> str:
        """Return why the search ended early, or what it did not find; "" if neither.

        Args:
            n_confirmed: Explanations that stand in float32.
        """
        limits = self.limits
        if len(self.found) >= limits.max_mses:
            return f"Stopped after {n_confirmed} explanations (max_mses = {limits.max_mses})."
        if self.is_spent:
            n = len(self.verdicts.scores)
            return f"Stopped after {n} scored patch sets (max_forwards = {limits.max_forwards})."
        if n_confirmed:
            return ""
        return f"No sufficient patch set of at most {limits.max_size} patches was found."
