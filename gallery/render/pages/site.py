"""All pages of a gallery, written as Markdown and assets for MkDocs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import jinja2

from gallery.config import SetSettings
from gallery.records import Catalogue, ConceptResult, Failure, GenerativeResults, ImageResult
from gallery.render.pages.concepts.page import subjects_of, with_bars
from gallery.render.pages.contexts import ImagePage, Page
from gallery.render.pages.environment import make_environment, render_pieces
from gallery.render.pages.image_page import build_image_page, image_path, linked
from gallery.render.pages.live import LiveKit, LivePages
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Link
from gallery.render.pages.quiz_image import QuizImages, askable
from gallery.render.pages.set_pages import set_pages
from gallery.render.pages.slides import DECK, Slide, render_deck, slide_of
from gallery.render.pages.spill import Spill
from gallery.render.pages.summary import SetSummary, Summary, summarise
from gallery.templates import templates_folder


def render_site(  # noqa: PLR0913 (the pipeline's contract)
    results: Iterable[ImageResult],
    *,
    catalogue: Catalogue,
    settings: SetSettings,
    failures: Sequence[Failure],
    out: Path,
    cache: Path,
    on_page: Callable[[str], None] | None = None,
    live: LiveKit | None = None,
    concepts: Sequence[ConceptResult] = (),
    generative: GenerativeResults = GenerativeResults(),  # noqa: B008 (frozen and empty)
) -> None:
    """Write all pages and assets to ``out``.

    Args:
        results: Iterated once; results of one image, one per classifier, follow each other.
        catalogue: What the pages say that is not about one image.
        settings: Of the set.
        failures: Images that could not be finished; listed on the index page.
        out: MkDocs' ``docs_dir``. Files in it that are no longer produced are removed; unchanged ones are
            not touched.
        cache: Folder of drawn figures, named by the digest of what they were drawn from.
        on_page: Called with each page's path after it is written.
        live: Classifiers for the browser; None unless the set wants them.
        concepts: Learned concepts, by class, then by classifier.
        generative: Autoencoders; without any, there are no pages about them.

    Raises:
        RenderError: If ``out`` holds foreign files, a figure cannot be drawn, or ``dot`` is missing.
    """
    environment = make_environment(templates_folder())
    subjects = subjects_of(concepts, catalogue.classifiers)
    with Output(out, cache) as output:
        summaries, deck, quiz = output.spill(Summary), output.spill(Slide), QuizImages()
        in_browser = None
        if live is not None:
            in_browser = LivePages(live, catalogue, settings.perturbation.mask_model(), output)

        def build(of_image: Sequence[ImageResult]) -> tuple[ImagePage, list[Card]]:
            page, tiles = build_image_page(of_image, catalogue=catalogue, settings=settings, output=output)
            page = with_bars(page, of_image, subjects)
            return (page if in_browser is None else in_browser.complete(page, of_image)), tiles

        for path, page in _with_neighbours(_image_pages(results, build, summaries, quiz)):
            _write(output, environment, path, page, on_page)
            deck.append(slide_of(path.removeprefix("i/").removesuffix(".md"), page))
        asked = quiz.chosen(output)
        found = SetSummary(summaries, catalogue, settings, failures, asked, concepts, generative)
        for path, set_page in set_pages(found, output):
            _write(output, environment, path, set_page, on_page)
        output.write_all(DECK, render_deck(environment, deck, settings))
        output.finish()


def _write(
    output: Output,
    environment: jinja2.Environment,
    path: str,
    page: Page,
    on_page: Callable[[str], None] | None,
) -> None:
    output.write_all(path, render_pieces(environment, page))
    if on_page:
        on_page(path)


def _image_pages(
    results: Iterable[ImageResult],
    build: Callable[[Sequence[ImageResult]], tuple[ImagePage, list[Card]]],
    summaries: Spill[Summary],
    quiz: QuizImages,
) -> Iterator[tuple[str, ImagePage]]:
    """Yield each image's page and its id, keeping a summary of every result and what the quiz may ask."""
    for image_id, group in groupby(results, key=lambda result: result.image.id):
        of_image = list(group)
        page, tiles = build(of_image)
        for result, tile, section in zip(of_image, tiles, page.sections, strict=True):
            summaries.append(summarise(result, tile))
            quiz.offer(askable(result, tile, section))
        yield image_id, page


def _with_neighbours(pages: Iterator[tuple[str, ImagePage]]) -> Iterator[tuple[str, ImagePage]]:
    """Yield each page's path and the page linked to its neighbours; looks one page ahead."""
    previous: Link | None = None
    current = next(pages, None)
    while current is not None:
        following = next(pages, None)
        after = Link(image_path(following[0]), following[1].title) if following else None
        image_id, page = current
        yield f"i/{image_id}.md", linked(page, previous, after)
        previous = Link(image_path(image_id), page.title)
        current = following
