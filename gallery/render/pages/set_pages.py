"""The pages about the whole set."""

from collections.abc import Iterable, Sequence

from gallery.records import Catalogue, ConceptResult, GenerativeResults
from gallery.render.pages import contexts, wording
from gallery.render.pages.about_page import about_page
from gallery.render.pages.citation import bibtex, cite, csl_json
from gallery.render.pages.classifier_page import classifier_page
from gallery.render.pages.concepts.page import concept_page, subjects_of
from gallery.render.pages.explanations_page import explanations_page
from gallery.render.pages.generative.pages import generative_links, generative_pages
from gallery.render.pages.image_page import image_path
from gallery.render.pages.index_page import index_page
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link
from gallery.render.pages.paths import classifier_path, measure_path, method_path, search_path
from gallery.render.pages.plugin_pages import measure_page, method_page, search_page
from gallery.render.pages.quiz_page import quiz_page
from gallery.render.pages.results_page import results_page
from gallery.render.pages.simulatability_page import simulatability_page
from gallery.render.pages.summary import SetSummary

_ALWAYS = 9
"""Pages about every set, besides those of its methods, measures, classifiers and the like."""


def set_pages(found: SetSummary, output: Output) -> Iterable[tuple[str, contexts.Page]]:
    """Yield every page that is not about one image, with its path in the pages folder."""
    yield "index.md", index_page(found, output)
    yield "results.md", results_page(found, output)
    yield "explanations.md", explanations_page(found, output)
    yield "simulatability.md", simulatability_page(found, output)
    yield "quiz.md", quiz_page(found)
    yield "methods.md", methods_page(found)
    yield "glossary.md", glossary_page(found)
    yield "cite.md", cite_page(found, output)
    yield "about.md", about_page(found, output)
    for method in found.catalogue.methods:
        yield _source(method_path(method.name)), method_page(found, method, output)
    for search in found.catalogue.searches:
        yield _source(search_path(search.name)), search_page(found, search)
    for measure in found.catalogue.measures:
        yield _source(measure_path(measure.name)), measure_page(found, measure, output)
    for classifier in found.catalogue.classifiers:
        yield _source(classifier_path(classifier.slug)), classifier_page(found, classifier)
    for subject in subjects_of(found.concepts, found.catalogue.classifiers):
        yield _source(subject.path), concept_page(found, subject, output)
    for path, page in generative_pages(found, output):
        yield _source(path), page


def count_set_pages(
    catalogue: Catalogue, concepts: Sequence[ConceptResult], generative: GenerativeResults
) -> int:
    """Return how many pages ``set_pages`` will yield."""
    plugins = catalogue.methods, catalogue.searches, catalogue.measures, catalogue.classifiers
    return _ALWAYS + sum(map(len, plugins)) + len(concepts) + len(list(generative_links(generative)))


def _source(path: str) -> str:
    return path.removesuffix(".html") + ".md"


def methods_page(found: SetSummary) -> contexts.MethodsPage:
    """Return the list of everything with a page of its own."""
    text = "The heatmap methods, the search, the measures and the classifiers of this gallery."
    return contexts.MethodsPage(
        head=found.head("methods.html", "methods", "Methods", text),
        root="",
        methods=tuple(Link(method_path(m.name), m.title, m.reference) for m in found.catalogue.methods),
        searches=tuple(Link(search_path(s.name), s.title, s.reference) for s in found.catalogue.searches),
        measures=tuple(
            Link(measure_path(m.name), m.title, f"{m.better} is better; {m.unit}")
            for m in found.catalogue.measures
        ),
        classifiers=tuple(Link(classifier_path(c.slug), c.title, c.id) for c in found.catalogue.classifiers),
        concepts=tuple(
            Link(subject.path, subject.title, subject.card.title)
            for subject in subjects_of(found.concepts, found.catalogue.classifiers)
        ),
        generative=tuple(generative_links(found.generative)),
    )


def glossary_page(found: SetSummary) -> contexts.GlossaryPage:
    """Return the glossary."""
    return contexts.GlossaryPage(
        head=found.head("glossary.html", "glossary", "Glossary", "The words used on these pages."),
        root="",
        p_high=f"{found.settings.search.p_high:g}",
        p_low=f"{found.settings.graph.p_low:g}",
        grid=wording.grid_text(found.settings.perturbation.mask_model(), is_asked=True),
    )


def cite_page(found: SetSummary, output: Output) -> contexts.CitePage:
    """Return the page on citing, and write the citation files of the set."""
    citation = cite(found.settings, key="gallery:set", title=found.settings.title, path="index.html")
    output.write("cite.bib", bibtex(citation).encode())
    output.write("cite.csl.json", csl_json(citation).encode())
    first = next((summary.card for summary in found.summaries), None)
    example = ""
    if first is not None:
        title = f"{first.title}: explanations compared"
        example = bibtex(
            cite(
                found.settings,
                key=f"gallery:{first.image_id}",
                title=title,
                path=image_path(first.image_id),
            )
        )
    text = "How to cite this gallery, one of its images, or one figure."
    return contexts.CitePage(
        head=found.head("cite.html", "cite", "How to cite", text),
        root="",
        bibtex=bibtex(citation),
        example=example,
        citation_files=(Link("cite.bib", "BibTeX"), Link("cite.csl.json", "CSL-JSON")),
        version=wording.one_line(found.settings.version),
    )
