"""The counterfactual quiz: readers answer the questions of the simulatability benchmark themselves."""

from dataclasses import replace

from gallery.render.pages import contexts, wording
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.output import digest
from gallery.render.pages.quiz_image import MOST_PER_IMAGE
from gallery.render.pages.summary import SetSummary

ASSETS = ("assets/figures.css", "assets/quiz.css", "assets/quiz.js")


def quiz_page(found: SetSummary) -> contexts.QuizPage:
    """Return the quiz."""
    questions = [question for image in found.quiz for question in image.questions]
    helping = {heatmap.name for image in found.quiz for heatmap in image.heatmaps}
    text = "Which patches does the classifier need? Answer with a heatmap or an attention graph as help."
    return contexts.QuizPage(
        head=replace(
            found.head("quiz.html", "quiz", "Counterfactual quiz", text, hide=("toc",)), assets=ASSETS
        ),
        root="",
        images=tuple(found.quiz),
        n_questions=len(questions),
        n_all=sum(len(summary.answers.questions) for summary in found.summaries),
        most_per_image=MOST_PER_IMAGE,
        # Answers are kept under this name, so they never meet the questions of another set.
        key=digest([(question.id, question.answer, question.sets) for question in questions])[:12],
        methods=tuple(method for method in found.catalogue.methods if method.name in helping),
        mask_model=wording.grid_text(found.settings.perturbation.mask_model(), is_asked=True),
        filters=colour_filters(),
    )
