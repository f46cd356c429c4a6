"""The pages about the whole set, built from the small summaries kept of each result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from gallery.config import SetSettings
from gallery.records import Catalogue, ClassifierCard, Failure, ImageResult, MeasureCard, MethodCard
from gallery.render.pages import contexts, wording
from gallery.render.pages.citation import bibtex, cite, csl_json, page_jsonld
from gallery.render.pages.head import Head
from gallery.render.pages.image_page import colour_filters, image_path
from gallery.render.pages.maths import document_html
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Choice, Link, MetricRow, Term
from gallery.render.pages.sections import (
    classifier_path,
    measure_columns,
    measure_path,
    method_path,
    metric_rows,
    option_text,
    search_path,
)


@dataclass(frozen=True)
class Summary:
    """What is kept of one result once its page is written.

    Attributes:
        card: Its tile.
        values: method -> measure -> value.
        n_mses: Number of minimal sufficient explanations.
        smallest: Patches in the smallest one, or None.
        p_full: Probability of the target on the whole image.
        threshold: What a sufficient set reaches.
    """

    card: Card
    values: Mapping[str, Mapping[str, float]]
    n_mses: int
    smallest: int | None
    p_full: float
    threshold: float


def summarise(result: ImageResult, card: Card) -> Summary:
    """Return the summary of one result."""
    search = result.search
    return Summary(
        card=card,
        values={
            method: {name: taken.value for name, taken in measures.items()}
            for method, measures in result.measurements.items()
        },
        n_mses=len(search.mses),
        smallest=min((mse.mask.bit_count() for mse in search.mses), default=None),
        p_full=search.p_full,
        threshold=search.threshold,
    )


@dataclass(frozen=True)
class SetPages:
    """Builds the pages about the set.

    Attributes:
        summaries: Of every result, in order.
        catalogue: Methods, measures, classifiers.
        settings: Of the set.
        failures: What could not be finished.
    """

    summaries: Sequence[Summary]
    catalogue: Catalogue
    settings: SetSettings
    failures: Sequence[Failure]

    def all(self, output: Output) -> Iterable[tuple[str, contexts.Page]]:
        """Yield every page with its path in the pages folder."""
        yield "index.md", self.index()
        yield "results.md", self.results()
        yield "methods.md", self.methods()
        yield "glossary.md", self.glossary()
        yield "cite.md", self.cite(output)
        yield "about.md", self.about()
        for method in self.catalogue.methods:
            yield method_path(method.name).replace(".html", ".md"), self.method(method)
        for search in self.catalogue.searches:
            yield search_path(search.name).replace(".html", ".md"), self.search(search)
        for measure in self.catalogue.measures:
            yield measure_path(measure.name).replace(".html", ".md"), self.measure(measure)
        for classifier in self.catalogue.classifiers:
            yield classifier_path(classifier.slug).replace(".html", ".md"), self.classifier(classifier)

    def index(self) -> contexts.IndexPage:
        """Return the gallery page."""
        cards = self._cards()
        images = len({card.image_id for card in cards})
        facts = [
            wording.count(images, "image"),
            wording.count(len(self.catalogue.methods), "heatmap method"),
            wording.count(sum(card.n_mses for card in cards), "minimal sufficient explanation"),
        ]
        if len(self.catalogue.classifiers) > 1:
            facts.append(wording.count(len(self.catalogue.classifiers), "classifier"))
        classes = sorted({card.predicted for card in cards})
        description = wording.one_line(self.settings.description)
        head = self._head("index.html", "gallery", self.settings.title, description, kind="Dataset", hide=("toc",))
        return contexts.IndexPage(
            head=head,
            root="",
            description=self.settings.description,
            facts=tuple(facts),
            cards=tuple(cards),
            classes=tuple(Choice(name, name) for name in classes),
            methods=tuple(Choice(method.name, method.title) for method in self.catalogue.methods),
            classifiers=tuple(Choice(card.slug, card.title) for card in self.catalogue.classifiers),
            has_labels=any(card.is_right is not None for card in cards),
            filters=colour_filters(),
            failures=tuple((failure.image_id, failure.stage, failure.reason) for failure in self.failures),
        )

    def results(self) -> contexts.ResultsPage:
        """Return the table of methods against measures, as means over the set."""
        tables, sizes, explanations = {}, {}, []
        for card in self.catalogue.classifiers:
            chosen = self._of(card)
            tables[card.title] = metric_rows(
                [(Link(method_path(m.name), m.title), self._means(chosen, m)) for m in self.catalogue.methods],
                self.catalogue.measures,
            )
            sizes[card.title] = len(chosen)
            found = [summary for summary in chosen if summary.n_mses]
            sizes_found = [summary.smallest for summary in found if summary.smallest is not None]
            explanations.append(
                (
                    card.title,
                    f"{len(found)} of {len(chosen)}",
                    f"{fmean(summary.n_mses for summary in chosen):.1f}" if chosen else "–",  # noqa: RUF001
                    f"{fmean(sizes_found):.1f}" if sizes_found else "–",  # noqa: RUF001
                )
            )
        text = "Every heatmap method against every measure, as means over the set."
        return contexts.ResultsPage(
            head=self._head("results.html", "results", "Results over the set", text),
            root="",
            columns=measure_columns(self.catalogue.measures),
            tables=tables,
            sizes=sizes,
            explanations=tuple(explanations),
        )

    def methods(self) -> contexts.MethodsPage:
        """Return the list of everything with a page of its own."""
        text = "The heatmap methods, the search, the measures and the classifiers of this gallery."
        return contexts.MethodsPage(
            head=self._head("methods.html", "methods", "Methods", text),
            root="",
            methods=tuple(Link(method_path(m.name), m.title, m.reference) for m in self.catalogue.methods),
            searches=tuple(Link(search_path(s.name), s.title, s.reference) for s in self.catalogue.searches),
            measures=tuple(
                Link(measure_path(m.name), m.title, f"{m.better} is better; {m.unit}") for m in self.catalogue.measures
            ),
            classifiers=tuple(Link(classifier_path(c.slug), c.title, c.id) for c in self.catalogue.classifiers),
        )

    def method(self, card: MethodCard) -> contexts.MethodPage:
        """Return the page of one heatmap method."""
        tiles = [
            replace(
                summary.card,
                link=f"{summary.card.link.partition('#')[0]}#{self._prefix(summary)}fig-{card.name}",
                second="",
                heat=summary.card.heats[card.name],
                values=tuple(
                    Term(m.title, wording.measure(summary.values[card.name][m.name]))
                    for m in self.catalogue.measures
                    if m.name in summary.values.get(card.name, {})
                ),
            )
            for summary in self.summaries
            if card.name in summary.card.heats
        ]
        rows = metric_rows(
            [(Link(classifier_path(c.slug), c.title), self._means(self._of(c), card)) for c in self.catalogue.classifiers],
            self.catalogue.measures,
        )
        text = f"{card.title} on every image of the set, with its idea, formula and numbers."
        return contexts.MethodPage(
            head=self._head(method_path(card.name), card.name, card.title, text),
            root="../",
            title=card.title,
            reference=card.reference,
            document=document_html(card.doc),
            options=tuple(Term(name, str(card.defaults[name])) for name in sorted(card.defaults)),
            columns=measure_columns(self.catalogue.measures),
            rows=tuple(MetricRow(row.link, tuple((text, False) for text, _ in row.cells)) for row in rows),
            cards=tuple(tiles),
            filters=colour_filters(),
        )

    def search(self, card: MethodCard) -> contexts.SearchPage:
        """Return the page of the search for minimal sufficient explanations."""
        text = f"{card.title}: how minimal sufficient explanations are found."
        return contexts.SearchPage(
            head=self._head(search_path(card.name), card.name, card.title, text),
            root="../",
            title=card.title,
            reference=card.reference,
            document=document_html(card.doc),
            options=tuple(Term(name, str(card.defaults[name])) for name in sorted(card.defaults)),
            rows=tuple(
                (
                    Link(summary.card.link, summary.card.title),
                    summary.card.classifier_title,
                    summary.n_mses,
                    "–" if summary.smallest is None else str(summary.smallest),  # noqa: RUF001
                    wording.probability(summary.p_full),
                    wording.probability(summary.threshold),
                )
                for summary in self.summaries
            ),
        )

    def measure(self, card: MeasureCard) -> contexts.MeasurePage:
        """Return the page of one measure."""
        several = len(self.catalogue.classifiers) > 1
        rows = []
        for summary in self.summaries:
            # The best method of each row: one measure over methods is one column of the transposed table.
            values = [summary.values.get(m.name, {}) for m in self.catalogue.methods]
            ranked = metric_rows([(Link("", ""), taken) for taken in values], [card])
            note = summary.card.classifier_title if several else ""
            rows.append(
                MetricRow(Link(summary.card.link, summary.card.title, note), tuple(row.cells[0] for row in ranked))
            )
        text = f"{card.title}: definition, protocol and every value of the set."
        return contexts.MeasurePage(
            head=self._head(measure_path(card.name), card.name, card.title, text),
            root="../",
            title=card.title,
            reference=card.reference,
            document=document_html(card.doc),
            unit=card.unit,
            better=card.better,
            methods=tuple(Link(method_path(m.name), m.title) for m in self.catalogue.methods),
            rows=tuple(rows),
        )

    def classifier(self, card: ClassifierCard) -> contexts.ClassifierPage:
        """Return the page of one classifier."""
        chosen = self._of(card)
        labelled = [summary for summary in chosen if summary.card.is_right is not None]
        right = sum(summary.card.is_right is True for summary in labelled)
        prep = card.preprocessing
        resize = f"shorter side to {prep.resize}, centre crop" if prep.resize else "stretched to the input size"
        facts = {
            "Name": card.id,
            "Architecture": card.architecture,
            "Parameters": f"{card.n_parameters:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
            "Classes": str(len(card.class_names)),
            "Input": f"{prep.size[0]} × {prep.size[1]}; {resize}, {prep.interpolation}",  # noqa: RUF001
            "Normalisation": f"mean {_numbers(prep.mean)}; standard deviation {_numbers(prep.std)}",
            "Layer of the CAM methods": card.cam_layer,
            "Licence of the weights": card.licence,
            "Paper": card.paper,
            "SHA-256": card.digest,
        }
        text = f"{card.title}: facts, weights and what it says about every image."
        return contexts.ClassifierPage(
            head=self._head(classifier_path(card.slug), card.slug, card.title, text),
            root="../",
            title=card.title,
            facts=tuple(Term(name, value) for name, value in facts.items() if value),
            url=card.url,
            accuracy=f"{right} of {wording.count(len(labelled), 'labelled image')}" if labelled else "",
            cards=tuple(replace(summary.card, classifier_title="") for summary in chosen),
            filters=colour_filters(),
        )

    def glossary(self) -> contexts.GlossaryPage:
        """Return the glossary."""
        return contexts.GlossaryPage(
            head=self._head("glossary.html", "glossary", "Glossary", "The words used on these pages."),
            root="",
            p_high=f"{self.settings.search.p_high:g}",
            p_low=f"{self.settings.graph.p_low:g}",
            grid=wording.grid_text(self.settings.perturbation.mask_model()),
        )

    def cite(self, output: Output) -> contexts.CitePage:
        """Return the page on citing, and write the citation files of the set."""
        citation = cite(self.settings, key="gallery:set", title=self.settings.title, path="index.html")
        output.write("cite.bib", bibtex(citation).encode())
        output.write("cite.csl.json", csl_json(citation).encode())
        first = next((summary.card for summary in self.summaries), None)
        example = ""
        if first is not None:
            title = f"{first.title}: explanations compared"
            example = bibtex(
                cite(self.settings, key=f"gallery:{first.image_id}", title=title, path=image_path(first.image_id))
            )
        text = "How to cite this gallery, one of its images, or one figure."
        return contexts.CitePage(
            head=self._head("cite.html", "cite", "How to cite", text),
            root="",
            bibtex=bibtex(citation),
            example=example,
            citation_files=(Link("cite.bib", "BibTeX"), Link("cite.csl.json", "CSL-JSON")),
        )

    def about(self) -> contexts.AboutPage:
        """Return the page on how the site was built."""
        settings = self.settings
        groups = {
            "Perturbation": settings.perturbation.model_dump(),
            "Search": settings.search.model_dump(),
            "Attention graph": settings.graph.model_dump(),
            "Measures": settings.measures.model_dump(exclude_none=True),
        }
        tables = {title: tuple(Term(n, str(v)) for n, v in sorted(values.items())) for title, values in groups.items()}
        given = settings.methods or {}
        tables["Heatmap methods"] = tuple(
            Term(m.title, option_text({**m.defaults, **given.get(m.name, {})})) for m in self.catalogue.methods
        )
        versions = self.catalogue.versions
        return contexts.AboutPage(
            head=self._head("about.html", "about", "How this was built", "Versions, seed and settings of this gallery."),
            root="",
            settings=tables,
            versions=tuple(Term(name, versions[name]) for name in sorted(versions)),
            seed=settings.seed,
            device=self.catalogue.device,
        )

    def _head(
        self, path: str, key: str, title: str, description: str, *, kind: str = "WebPage", hide: tuple[str, ...] = ()
    ) -> Head:
        citation = cite(self.settings, key=f"gallery:{key}", title=title, path=path)
        text = description or f"{citation.title}: explanations of an image classifier, compared."
        jsonld = page_jsonld(citation, kind, description=text)
        return Head(title=citation.title, description=text, citation=citation, jsonld=jsonld, hide=hide)

    def _cards(self) -> list[Card]:
        several = len(self.catalogue.classifiers) > 1
        cards = [summary.card for summary in self.summaries]
        return cards if several else [replace(card, classifier_title="") for card in cards]

    def _of(self, card: ClassifierCard) -> list[Summary]:
        return [summary for summary in self.summaries if summary.card.classifier == card.slug]

    def _means(self, summaries: Sequence[Summary], method: MethodCard) -> dict[str, float]:
        means = {}
        for measure in self.catalogue.measures:
            values = [s.values[method.name][measure.name] for s in summaries if measure.name in s.values.get(method.name, {})]
            if values:
                means[measure.name] = fmean(values)
        return means

    def _prefix(self, summary: Summary) -> str:
        return f"{fragment}-" if (fragment := summary.card.link.partition("#")[2]) else ""


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
