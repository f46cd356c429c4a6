"""What every page has."""

from dataclasses import dataclass

from gallery.render.pages.head import Head


@dataclass(frozen=True)
class Page:
    """What every page has.

    Attributes:
        head: Title and metadata.
        root: "" for pages in the site's root, "../" one folder down.
    """

    head: Head
    root: str
