"""From stored results to the finished site; nothing here needs torch."""

from pathlib import Path

from gallery.config import SetSettings
from gallery.pipeline.concepts.index import load_concepts
from gallery.pipeline.generative.index import load_generative
from gallery.pipeline.index import load_index, load_results
from gallery.pipeline.live import load_kit
from gallery.pipeline.progress import Reporter
from gallery.pipeline.workspace import Workspace
from gallery.publish.archive import archive_name, write_archive
from gallery.publish.build import publish
from gallery.render.pages.set_pages import count_set_pages
from gallery.render.pages.site import render_site


def render(settings: SetSettings, workspace: Workspace, reporter: Reporter) -> None:
    """Write every page and figure of the set from its stored results.

    Raises:
        StoreError: If results are missing or belong to other settings.
        RenderError: If a figure or page cannot be made.
        PublishError: If live classifiers are wanted, and what runs them in browsers cannot be had.
    """
    index = load_index(workspace, settings)
    concepts, generative = load_concepts(settings, workspace), load_generative(settings, workspace)
    n_images = len({entry.image for entry in index.entries})
    reporter.begin("render", n_images + count_set_pages(index.catalogue, concepts, generative))
    render_site(
        load_results(index, workspace),
        catalogue=index.catalogue,
        settings=settings,
        failures=index.failures,
        out=workspace.pages,
        cache=workspace.figures,
        on_page=lambda page: reporter.advance(page, "page"),
        live=load_kit(index, workspace) if settings.live else None,
        concepts=concepts,
        generative=generative,
    )
    reporter.end()


def publish_site(settings: SetSettings, workspace: Workspace, reporter: Reporter) -> None:
    """Turn the pages into the finished site and check it.

    Raises:
        PublishError: If MkDocs fails, or a page has a broken link, a missing alt text or too much weight.
    """
    reporter.begin("publish", 1)
    publish(workspace.pages, workspace.site, settings)
    reporter.advance(settings.title, "site")
    reporter.end()


def archive_site(settings: SetSettings, workspace: Workspace) -> Path:
    """Write the finished site to one zip file beside the results, and return the file.

    Raises:
        PublishError: If there is no site.
    """
    return write_archive(workspace.site, workspace.archives / f"{archive_name(settings)}.zip")
