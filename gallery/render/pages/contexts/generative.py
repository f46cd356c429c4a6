"""Pages about autoencoders."""

from dataclasses import dataclass

from gallery.render.pages.contexts.page import Page
from gallery.render.pages.generative.parts import (
    AnomalyKind,
    DisentanglementView,
    Finding,
    MethodNote,
    ModelLinks,
    Reported,
    TraversalView,
)
from gallery.render.pages.parts import Link, MetricTable, Term


@dataclass(frozen=True)
class AnomaliesPage(Page):
    """``vae_anomalies.md.j2``: the anomalies that one autoencoder finds.

    Attributes:
        title: Of the page.
        family: Of the autoencoder.
        n_latents: How many latents it has.
        has_masks: Whether it is known where defects are.
        verdict: How attention compares with the error of reconstruction, in sentences.
        scores: Methods against measures.
        kinds: Methods against kinds of defects.
        methods: What every method is.
        n_validation: Pictures that chose thresholds.
        n_test: Pictures behind the scores.
        ranked_by: Title of the method whose scores chose the examples.
        bar: CSS of the colour bar.
        examples: By kind.
        training: How the autoencoder was made.
        latents: Its other page.
        results: The page of all autoencoders.
        files: Downloads.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    family: str
    n_latents: int
    has_masks: bool
    verdict: tuple[str, ...]
    scores: MetricTable
    kinds: tuple[MetricTable, ...]
    methods: tuple[MethodNote, ...]
    n_validation: int
    n_test: int
    ranked_by: str
    bar: str
    examples: tuple[AnomalyKind, ...]
    training: tuple[Term, ...]
    latents: Link
    results: Link
    files: tuple[Link, ...]
    filters: str


@dataclass(frozen=True)
class LatentsPage(Page):
    """``vae_latents.md.j2``: what the latents of one autoencoder do.

    Attributes:
        title: Of the page.
        n_latents: How many latents it has.
        values: What latents are set to, as text.
        bar: CSS of the colour bar.
        traversals: Picture by picture.
        training: How the autoencoder was made.
        anomalies: Its other page; None if its data have no anomalies.
        results: The page of all autoencoders.
        files: Downloads.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    n_latents: int
    values: tuple[str, ...]
    bar: str
    traversals: tuple[TraversalView, ...]
    training: tuple[Term, ...]
    anomalies: Link | None
    results: Link
    files: tuple[Link, ...]
    filters: str


@dataclass(frozen=True)
class GenerativeResultsPage(Page):
    """``vae_results.md.j2``: all autoencoders of a set, and what others report.

    Attributes:
        models: Their pages.
        anomalies: Autoencoders against methods, one table per measure.
        disentanglement: Measured elsewhere.
        reported: Numbers of others.
        findings: Findings of others in words.
    """

    models: tuple[ModelLinks, ...]
    anomalies: tuple[MetricTable, ...]
    disentanglement: tuple[DisentanglementView, ...]
    reported: tuple[Reported, ...]
    findings: tuple[Finding, ...]
