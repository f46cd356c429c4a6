"""What must not be pruned from a store."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gallery.pipeline.concepts.index import INDEX, MAP, NETWORK, SCORES
from gallery.pipeline.generative import index as generative
from gallery.pipeline.index import ENTRY, SHARD
from gallery.pipeline.live import CHECK, MODEL

Key = tuple[str, str]
"""Kind and key of a result."""
MadeBy = Mapping[str, object]


@dataclass(frozen=True)
class Keep:
    """What some sets need of a store.

    Attributes:
        keys: Of results.
        unknown: (image digest, classifier digest) of images whose prediction is not stored, so that the keys
            of their other results are not known: whatever is of such a pair is kept.
        classifiers: Digests of classifiers; their measured speed, their exports and their concepts are
            kept.
        settings: Digests of the sets' settings; lists of what belongs to them are kept.
        files: Digests of autoencoders and of results measured elsewhere; what was made of them is kept.
    """

    keys: frozenset[Key]
    unknown: frozenset[tuple[str, str]]
    classifiers: frozenset[str]
    settings: frozenset[str]
    files: frozenset[str] = frozenset()

    @classmethod
    def all_of(cls, parts: Iterable["Keep"]) -> "Keep":
        """Return what several sets need together."""
        parts = list(parts)
        return cls(
            frozenset().union(*(part.keys for part in parts)),
            frozenset().union(*(part.unknown for part in parts)),
            frozenset().union(*(part.classifiers for part in parts)),
            frozenset().union(*(part.settings for part in parts)),
            frozenset().union(*(part.files for part in parts)),
        )

    def needs(self, kind: str, key: str, made_by: Callable[[], MadeBy | None]) -> bool:
        """Return whether a result must be kept.

        Args:
            kind: Of the result.
            key: Of the result.
            made_by: Reads what it is made by; None if that cannot be read, and then it is kept.
        """
        if (kind, key) in self.keys:
            return True
        made = made_by()
        if made is None:
            return True
        if kind in ("tuning", MODEL, CHECK, NETWORK, SCORES, MAP):
            return made.get("classifier") in self.classifiers
        if kind in generative.OF_FILES:
            return made.get("file") in self.files
        if kind in (ENTRY, SHARD, INDEX, generative.INDEX):
            return made.get("settings") in self.settings
        return _of_pair(made) in self.unknown


def _of_pair(made_by: MadeBy) -> tuple[object, object]:
    """Return the image and the classifier a result is of; a measurement names them with its heatmap."""
    inner = made_by.get("heatmap")
    of = inner if isinstance(inner, Mapping) else made_by
    image = str(of.get("image")).partition(":")[0]  # behind the colon: how the image was changed
    return image, of.get("classifier")
