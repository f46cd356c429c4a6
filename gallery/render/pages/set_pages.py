"""The pages about the whole set."""

from collections.abc import Iterable
from dataclasses import replace

from gallery.render.pages import contexts, wording
from gallery.render.pages.citation import bibtex, cite, csl_json
from gallery.render.pages.explanations_page import explanations_page
from gallery.render.pages.image_page import colour_filters, image_path
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Choice, Link, Term
from gallery.render.pages.paths import classifier_path, measure_path, method_path, search_path
from gallery.render.pages.plugin_pages import classifier_page, measure_page, method_page, search_page
from gallery.render.pages.quiz_page import quiz_page
from gallery.render.pages.results_page import results_page
from gallery.render.pages.sections import option_text
from gallery.render.pages.simulatability_page import simulatability_page
from gallery.render.pages.summary import SetSummary


def set_pages(found: SetSummary, output: Output) -> Iterable[tuple[str, contexts.Page]]:
    """Yield every page that is not about one image, with its path in the pages folder."""
    yield "index.md", index_page(found)
    yield "results.md", results_page(found, output)
    yield "explanations.md", explanations_page(found, output)
    yield "simulatability.md", simulatability_page(found, output)
    yield "quiz.md", quiz_page(found)
    yield "methods.md", methods_page(found)
    yield "glossary.md", glossary_page(found)
    yield "cite.md", cite_page(found, output)
    yield "about.md", about_page(found)
    for method in found.catalogue.methods:
        yield _source(method_path(method.name)), method_page(found, method, output)
    for search in found.catalogue.searches:
        yield _source(search_path(search.name)), search_page(found, search)
    for measure in found.catalogue.measures:
        yield _source(measure_path(measure.name)), measure_page(found, measure, output)
    for classifier in found.catalogue.classifiers:
        yield _source(classifier_path(classifier.slug)), classifier_page(found, classifier)


def _source(path: str) -> str:
    return path.removesuffix(".html") + ".md"


def index_page(found: SetSummary) -> contexts.IndexPage:
    """Return the gallery page."""
    cards = _cards(found)
    images = len({card.image_id for card in cards})
    facts = [
        wording.count(images, "image"),
        wording.count(len(found.catalogue.methods), "heatmap method"),
        wording.count(sum(card.n_mses for card in cards), "minimal sufficient explanation"),
    ]
    if len(found.catalogue.classifiers) > 1:
        facts.append(wording.count(len(found.catalogue.classifiers), "classifier"))
    classes = sorted({card.predicted for card in cards})
    description = wording.one_line(found.settings.description)
    head = found.head(
        "index.html", "gallery", found.settings.title, description, kind="Dataset", hide=("toc",)
    )
    return contexts.IndexPage(
        head=head,
        root="",
        description=found.settings.description,
        facts=tuple(facts),
        cards=tuple(cards),
        classes=tuple(Choice(name, name) for name in classes),
        methods=tuple(Choice(method.name, method.title) for method in found.catalogue.methods),
        classifiers=tuple(Choice(card.slug, card.title) for card in found.catalogue.classifiers),
        has_labels=any(card.is_right is not None for card in cards),
        filters=colour_filters(),
        failures=tuple((failure.image_id, failure.stage, failure.reason) for failure in found.failures),
    )


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
    )


def about_page(found: SetSummary) -> contexts.AboutPage:
    """Return the page on how the site was built."""
    settings = found.settings
    groups = {
        "Perturbation": settings.perturbation.model_dump(),
        "Search": settings.search.model_dump(),
        "Attention graph": settings.graph.model_dump(),
        "Necessity": settings.necessity.model_dump(),
        "Robustness": settings.robustness.model_dump(),
        "Held-out questions": settings.questions.model_dump(),
        "Measures": settings.measures.model_dump(exclude_none=True),
    }
    tables = {
        title: tuple(Term(n, str(v)) for n, v in sorted(values.items())) for title, values in groups.items()
    }
    given = settings.methods if isinstance(settings.methods, dict) else {}
    tables["Heatmap methods"] = tuple(
        Term(m.title, option_text({**m.defaults, **given.get(m.name, {})})) for m in found.catalogue.methods
    )
    versions = found.catalogue.versions
    return contexts.AboutPage(
        head=found.head(
            "about.html", "about", "How this was built", "Versions, seed and settings of this gallery."
        ),
        root="",
        settings=tables,
        versions=tuple(Term(name, versions[name]) for name in sorted(versions)),
        seed=settings.seed,
        device=found.catalogue.device,
    )


def _cards(found: SetSummary) -> list[Card]:
    """Return all tiles; they name their classifier only if there is more than one."""
    several = len(found.catalogue.classifiers) > 1
    cards = [summary.card for summary in found.summaries]
    return cards if several else [replace(card, classifier_title="") for card in cards]
