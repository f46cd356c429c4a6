"""What each page template receives: one frozen dataclass per template, its fields the template's variables.

Everything is plain text or a number unless a field says HTML; the templates escape it. Paths are relative to
the site's root; a template puts ``root`` ("" or "../") in front of them.
"""

from gallery.render.pages.contexts.generative import AnomaliesPage, GenerativeResultsPage, LatentsPage
from gallery.render.pages.contexts.guidance import AboutPage, CitePage, GlossaryPage
from gallery.render.pages.contexts.image import ImagePage, IndexPage
from gallery.render.pages.contexts.page import Page
from gallery.render.pages.contexts.plugins import (
    ClassifierPage,
    ConceptsPage,
    MeasurePage,
    MethodPage,
    MethodsPage,
    SearchPage,
)
from gallery.render.pages.contexts.whole_set import (
    ExplanationsPage,
    QuizPage,
    ResultsPage,
    SimulatabilityPage,
)

__all__ = [
    "AboutPage",
    "AnomaliesPage",
    "CitePage",
    "ClassifierPage",
    "ConceptsPage",
    "ExplanationsPage",
    "GenerativeResultsPage",
    "GlossaryPage",
    "ImagePage",
    "IndexPage",
    "LatentsPage",
    "MeasurePage",
    "MethodPage",
    "MethodsPage",
    "Page",
    "QuizPage",
    "ResultsPage",
    "SearchPage",
    "SimulatabilityPage",
]
