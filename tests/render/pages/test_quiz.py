"""What the quiz asks, and what its page holds before any script runs."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from gallery.records import ImageResult, Question, cells_of
from gallery.render.figures.partition import Partition
from gallery.render.pages.environment import make_environment
from gallery.render.pages.output import Output
from gallery.render.pages.quiz_image import (
    MOST_PER_IMAGE,
    MOST_QUESTIONS,
    Askable,
    QuizImages,
    spread,
)
from gallery.render.pages.set_parts import QuizImage
from gallery.render.pages.site import render_site
from gallery.templates import templates_folder
from tests.render.pages import synthetic


class _Quiz(HTMLParser):
    """Reads the questions of the page: id -> attributes of the tags within."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: dict[str, list[tuple[str, dict[str, str | None]]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "data-question" in given:
            self.tags = self.questions.setdefault(str(given["data-question"]), [])
        self.tags.append((tag, given))


@pytest.fixture(scope="module")
def page(built: Path) -> str:
    return synthetic.page_text(built / "pages/quiz.md")


@pytest.fixture(scope="module")
def quiz(page: str) -> _Quiz:
    reader = _Quiz()
    reader.feed(page)
    return reader


def _unit(number: int, n_questions: int, classifier: str = "net") -> Askable:
    image = replace(_BLANK, anchor=f"q-{number}", classifier=classifier)
    questions = tuple((i, Question("keep", 1, 2, 0.1, 0.2)) for i in range(1, n_questions + 1))
    return Askable(image, questions, Partition(synthetic.GRID))


_BLANK = QuizImage(
    anchor="", image_id="", classifier="", title="", said="", class_name="", link=None,  # type: ignore[arg-type]
    photo="", photo_size=(1, 1), view=(7, 7), heatmaps=(), graph=None, graph_file="", questions=(),  # type: ignore[arg-type]
)  # fmt: skip


def test_questions_are_spread_evenly_and_none_is_lost_where_there_is_room() -> None:
    chosen = spread([_unit(0, 6), _unit(1, 1), _unit(2, 6)], most=8)
    assert [len(one.questions) for one in chosen] == [4, 1, 3]
    assert [len(one.questions) for one in spread([_unit(0, 2), _unit(1, 3)], most=60)] == [2, 3]
    assert spread([]) == []


def test_of_more_images_than_questions_evenly_spaced_ones_are_asked_about() -> None:
    chosen = spread([_unit(i, 6) for i in range(10)], most=5)
    assert [one.image.anchor for one in chosen] == ["q-0", "q-2", "q-4", "q-6", "q-8"]


def test_a_large_set_is_thinned_evenly_while_it_goes_by(tmp_path: Path) -> None:
    quiz = QuizImages()
    for i in range(1000):
        for slug in ("a", "b"):
            quiz.offer(_unit(i, 6, slug))
        quiz.offer(None)
    kept = quiz._kept
    assert all(MOST_QUESTIONS <= len(units) <= 2 * MOST_QUESTIONS for units in kept.values())
    numbers = [int(one.image.anchor[2:]) for one in kept["a"]]
    assert set(np.diff(numbers).tolist()) == {16}
    chosen = quiz.chosen(Output(tmp_path / "pages", tmp_path / "cache"))
    assert sum(len(image.questions) for image in chosen) == MOST_QUESTIONS
    assert Counter(image.classifier for image in chosen) == {"a": 30, "b": 30}


def test_an_image_without_a_graph_is_not_asked_about(quiz: _Quiz) -> None:
    asked = {name.partition("/")[0] for name in quiz.questions}
    assert asked == {"chelsea", "pair"}


def test_each_question_is_on_the_page_with_two_outlines_and_one_answer(quiz: _Quiz) -> None:
    of_image = [r for r in synthetic.results() if r.search.mses]
    assert len(quiz.questions) == len(of_image) * MOST_PER_IMAGE
    for tags in quiz.questions.values():
        assert sum(tag == "svg" for tag, _ in tags) == 2
        assert sum("data-answer" in given for _, given in tags) == 1


def test_the_answer_is_the_set_with_the_lower_probability(quiz: _Quiz, built: Path) -> None:
    text = (built / "pages/results/questions.csv").read_text(encoding="utf-8")
    rows = {f"{r['image']}/{r['classifier']}/{r['question']}": r for r in csv.DictReader(io.StringIO(text))}
    answers = []
    for name, tags in quiz.questions.items():
        answer = next(given["data-answer"] for _, given in tags if "data-answer" in given)
        row = rows[name]
        assert answer == ("A" if float(row["p_first"]) < float(row["p_second"]) else "B")
        answers.append(answer)
    assert set(answers) == {"A", "B"}


def test_an_outline_encloses_as_many_patches_as_the_alternative_text_says(quiz: _Quiz, built: Path) -> None:
    result = next(r for r in synthetic.results() if r.image.id == "chelsea")
    number, question = next((i, q) for i, q in enumerate(result.questions.questions, 1) if q.kind == "remove")
    tags = quiz.questions[f"chelsea/{result.classifier}/{number}"]
    path = [str(given["d"]) for tag, given in tags if tag == "path"][1]
    assert _area(path) == len(cells_of(question.first))
    alt = next(str(given["alt"]) for tag, given in tags if tag == "img")
    assert f"{len(cells_of(question.first))} patches of 49 outlined" in alt


def _area(path: str) -> float:
    """Return the area enclosed by loops of absolute M, H and V commands; holes count against it."""
    area = 0.0
    for loop in path.split("z")[:-1]:
        points: list[tuple[float, float]] = []
        for command, numbers in re.findall(r"([MHV])([^MHV]+)", loop):
            x, y = points[-1] if points else (0.0, 0.0)
            values = [float(v) for v in numbers.split()]
            points.append(
                (values[0], values[1])
                if command == "M"
                else (values[0], y)
                if command == "H"
                else (x, values[0])
            )
        area += (
            sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True)) / 2
        )
    return abs(area)


def test_nothing_outside_the_answer_shows_a_probability_asked_about(page: str) -> None:
    without = re.sub(r'<details class="eg-truth".*?</details>', "", page, flags=re.DOTALL)
    assert "lowers it more" in page
    assert "removed: p =" not in without
    assert "alone kept: p =" not in without


def test_only_the_quiz_loads_its_script(built: Path) -> None:
    with_script = [
        file.name
        for file in sorted((built / "site").rglob("*.html"))
        if "quiz.js" in file.read_text(encoding="utf-8")
    ]
    assert with_script == ["quiz.html"]


def test_the_script_is_small_and_has_no_way_out_of_the_browser() -> None:
    script = (templates_folder() / "theme/assets/quiz.js").read_text(encoding="utf-8")
    assert len(script) < 12_000
    for word in (
        "fetch(",
        "XMLHttpRequest",
        "sendBeacon",
        "WebSocket",
        "innerHTML",
        "eval(",
        "http://",
        "https://",
    ):
        assert word not in script


def test_superpixels_are_laid_over_the_photograph_as_pictures(tmp_path: Path) -> None:
    def with_superpixels() -> Iterator[ImageResult]:
        for result in synthetic.results():
            if result.image.id == "chelsea" and result.classifier.endswith("a"):
                cells = np.arange(224) * 7 // 224
                segments = (cells[:, None] * 7 + cells).astype(np.int16)
                model = replace(result.mask_model, partition="slic")
                yield replace(result, inputs=replace(result.inputs, segments=segments), mask_model=model)

    render_site(
        with_superpixels(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=(),
        out=tmp_path / "pages",
        cache=tmp_path / "cache",
    )
    text = synthetic.page_text(tmp_path / "pages/quiz.md")
    pictures = re.findall(r'<img class="eg-sets" src="([^"]+)"', text)
    assert len(pictures) == 2 * MOST_PER_IMAGE
    assert all((tmp_path / "pages" / path).is_file() for path in pictures)
    assert 'class="eg-sets" viewBox' not in text


def test_hostile_titles_stay_texts_in_the_quiz(built_hostile: Path) -> None:
    text = (built_hostile / "site/quiz.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


def test_every_partial_of_the_quiz_is_strict() -> None:
    environment = make_environment(templates_folder())
    assert environment.get_template("_quiz.j2").module
