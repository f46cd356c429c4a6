"""All pages about the autoencoders of a set."""

from collections.abc import Iterable, Iterator

from gallery.records import GenerativeResults
from gallery.render.pages import contexts
from gallery.render.pages.generative.anomalies_page import anomalies_page, anomalies_path
from gallery.render.pages.generative.latents_page import latents_page, latents_path
from gallery.render.pages.generative.results_page import PATH, TITLE, generative_results_page, links_of
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link
from gallery.render.pages.summary import SetSummary


def generative_pages(found: SetSummary, output: Output) -> Iterable[tuple[str, contexts.Page]]:
    """Yield every page about autoencoders with its path in the site; none if the set has none."""
    for one in found.generative.models:
        if one.anomalies is not None:
            yield anomalies_path(one.model), anomalies_page(found, one, one.anomalies, output)
        yield latents_path(one.model), latents_page(found, one, output)
    if list(generative_links(found.generative)):
        yield PATH, generative_results_page(found, output)


def generative_links(generative: GenerativeResults) -> Iterator[Link]:
    """Yield links to these pages, the one about all of them first."""
    if generative.models or generative.disentanglement:
        yield Link(PATH, TITLE, "anomalies, disentanglement, what others report")
    for one in generative.models:
        links = links_of(one)
        if links.anomalies is not None:
            yield Link(links.anomalies.path, links.anomalies.title, links.facts)
        yield Link(links.latents.path, links.latents.title, links.facts)
