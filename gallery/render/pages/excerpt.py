"""Long lists: a page shows the first images of a large set, and says where all of them are.

A page with ten thousand tiles or rows would weigh megabytes and scroll for minutes. The gallery page finds
every image, and every number is in a file for download.
"""

from dataclasses import dataclass

from gallery.render.pages.parts import Link

MOST = 300
"""Results of which one page has tiles or rows."""


@dataclass(frozen=True)
class Rest:
    """What is said below the first items of a longer list, and where all of it is."""

    text: str
    link: Link


def rest_of(n: int, link: Link) -> Rest | None:
    """Return what to say below the first ``MOST`` of ``n`` items; None if they are all.

    Args:
        n: Items there are.
        link: Where all of them are.
    """
    if n <= MOST:
        return None
    return Rest(f"The first {MOST} of {n:,} are shown.".replace(",", "\N{NARROW NO-BREAK SPACE}"), link)
