"""Where a figure comes from, for the metadata of files that leave the site."""

from dataclasses import dataclass

from gallery import __version__
from gallery.config import SetSettings
from gallery.records import ImageCard
from gallery.render.figures.metadata import CREATOR
from gallery.render.pages.citation import Citation
from gallery.render.pages.wording import one_line


@dataclass(frozen=True)
class Origin:
    """The page that a figure stands on.

    Attributes:
        gallery: Title and version of the set.
        authors: Who curates it.
        permalink: Absolute address of the page, or "".
    """

    gallery: str = ""
    authors: str = ""
    permalink: str = ""

    def facts(self, image: ImageCard, anchor: str = "") -> dict[str, str]:
        """Return what to say about where a figure and its photograph come from; nothing is left blank.

        Args:
            image: The photograph.
            anchor: Of the figure on its page, or "".
        """
        address = f"{self.permalink}#{anchor}" if self.permalink and anchor else self.permalink
        facts = {
            "source": image.source,
            "found at": image.credit.source_url,
            "photograph by": image.credit.author,
            "licence": image.credit.licence,
            "image digest": image.digest,
            "gallery": self.gallery,
            "authors": self.authors,
            "permalink": address,
            "software": f"{CREATOR} {__version__}",
        }
        return {name: one_line(text) for name, text in facts.items() if text}


def origin_of(citation: Citation, settings: SetSettings) -> Origin:
    """Return the origin of the figures of one page."""
    return Origin(
        gallery=f"{citation.gallery}, version {citation.version}",
        authors="; ".join(one_line(author) for author in settings.authors),
        permalink=citation.url,
    )
