"""A part of a set, so that several machines that know nothing of each other can explain it together."""

from dataclasses import dataclass
from typing import Self

from gallery.errors import ConfigError


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts of a set: every ``count``-th image, so that parts are alike.

    Attributes:
        number: From 1 to ``count``.
        count: How many parts there are.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard that "2/8" means.

        Raises:
            ConfigError: If it is not "<number>/<count>", or the number is not between 1 and the count.
        """
        number, slash, count = text.partition("/")
        if not slash or not number.isdecimal() or not count.isdecimal():
            raise ConfigError(f'--shard {text}: expected "<number>/<count>", such as 2/8.')
        if not 1 <= int(number) <= int(count):
            raise ConfigError(
                f"--shard {text}: shards are counted from 1 to {count}. "
                "With SLURM, start the array at 1: sbatch --array=1-8."
            )
        return cls(int(number), int(count))

    def takes(self, position: int) -> bool:
        """Return whether the image at a position of the whole set, counted from 0, belongs to this part."""
        return position % self.count == self.number - 1

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.number}/{self.count}"


WHOLE = Shard(1, 1)
"""The whole set as one part."""
