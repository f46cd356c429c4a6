"""What the counterfactual quiz may ask about one image under one classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest

from gallery.records import ImageResult, Question, cells_of
from gallery.render.figures.overlay import superpixel_overlay
from gallery.render.figures.partition import Partition
from gallery.render.figures.svg import loops_data
from gallery.render.pages import wording
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Link
from gallery.render.pages.section_parts import Section
from gallery.render.pages.set_parts import HeatHelp, PatchSet, QuizImage, QuizQuestion

MOST_QUESTIONS = 60
"""On the page."""
MOST_PER_IMAGE = 6
"""Nobody is to learn a photograph by heart."""


@dataclass(frozen=True)
class Askable:
    """One image under one classifier, with what is needed to ask about it.

    Attributes:
        image: As the page shows it, without its questions.
        questions: Number in the set's table of questions, and the question.
        patches: Of this image.
    """

    image: QuizImage
    questions: tuple[tuple[int, Question], ...]
    patches: Partition


class QuizImages:
    """Takes what every result has to ask, and keeps little of a large set: evenly spaced results."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: dict[str, list[Askable]] = {}
        self._seen: dict[str, int] = {}
        self._step: dict[str, int] = {}

    def offer(self, one: Askable | None) -> None:
        """Take the next result of the set, in order; None has nothing to ask."""
        if one is None:
            return
        slug = one.image.classifier
        kept = self._kept.setdefault(slug, [])
        seen, step = self._seen.get(slug, 0), self._step.get(slug, 1)
        if seen % step == 0:
            kept.append(one)
        if len(kept) > 2 * MOST_QUESTIONS:
            del kept[1::2]
            self._step[slug] = 2 * step
        self._seen[slug] = seen + 1

    def chosen(self, output: Output) -> list[QuizImage]:
        """Return the images to ask about, with ``MOST_QUESTIONS`` questions in all; draw what they need."""
        every = [one for slug in sorted(self._kept) for one in self._kept[slug]]
        return [_with_questions(one, output) for one in spread(every)]


def askable(result: ImageResult, card: Card, section: Section) -> Askable | None:
    """Return what the quiz may ask about one result; None without questions, heatmaps or attention graph.

    An image without an attention graph would always be asked about with a heatmap, and the two kinds of help
    would no longer be compared on the same photographs.

    Args:
        result: The numbers.
        card: Its tile.
        section: Its part of the image's page, whose pictures the quiz shows again.
    """
    numbered = list(enumerate(result.questions.questions, start=1))
    kinds = [[pair for pair in numbered if pair[1].kind == kind] for kind in ("remove", "keep")]
    in_turn = (pair for pair in chain.from_iterable(zip_longest(*kinds)) if pair is not None)
    taken = tuple(in_turn)[:MOST_PER_IMAGE]
    if not taken or not section.figures or section.graph is None:
        return None
    said = (
        f"Class explained: {wording.one_line(section.target)}; {card.classifier_title} gives it "
        f"p = {section.p_full} on the whole image"
    )
    image = QuizImage(
        anchor=f"q-{result.image.id}-{result.classifier}",
        image_id=result.image.id,
        classifier=result.classifier,
        title=card.title,
        said=said,
        class_name=wording.one_line(section.target),
        link=Link(card.link, card.title),
        photo=section.photo,
        photo_size=section.photo_size,
        view=(result.mask_model.cols, result.mask_model.rows),
        heatmaps=tuple(
            HeatHelp(name, shown.title, shown.heat, shown.bar, shown.low, shown.high, shown.rule)
            for name, shown in zip(card.heats, section.figures, strict=True)
        ),
        # The drawing itself is shown from its file.
        graph=replace(section.graph, svg=""),
        graph_file=next(link.path for link in section.graph.files if link.title == "SVG"),
        questions=(),
    )
    return Askable(image, taken, Partition.of(result))


def spread(units: Sequence[Askable], most: int = MOST_QUESTIONS) -> list[Askable]:
    """Return images with ``most`` questions in all, as evenly over the images as their questions allow.

    With more images than questions, those asked about lie evenly spaced in the set.
    """
    if len(units) > most:
        units = [units[i * len(units) // most] for i in range(most)]
    room = [0] * len(units)
    left = min(most, sum(len(unit.questions) for unit in units))
    while left:
        for i, unit in enumerate(units):
            if left and room[i] < len(unit.questions):
                room[i] += 1
                left -= 1
    return [replace(unit, questions=unit.questions[:n]) for unit, n in zip(units, room, strict=True) if n]


def _with_questions(one: Askable, output: Output) -> QuizImage:
    return replace(
        one.image,
        questions=tuple(_question(one, index, question, output) for index, question in one.questions),
    )


def _question(one: Askable, index: int, question: Question, output: Output) -> QuizQuestion:
    image = one.image
    first, second = (
        _patch_set(one, question.kind, f"{index}-{name}", mask, p, output)
        for name, mask, p in (
            ("A", question.first, question.p_first),
            ("B", question.second, question.p_second),
        )
    )
    return QuizQuestion(
        id=f"{image.image_id}/{image.classifier}/{index}",
        kind=question.kind,
        sets=(first, second),
        answer="A" if question.p_first < question.p_second else "B",
    )


def _patch_set(one: Askable, kind: str, key: str, mask: int, p: float, output: Output) -> PatchSet:
    name, model = key[-1], one.patches.mask_model
    patches = wording.count(len(cells_of(mask)), "patch", "patches")
    cells = wording.cell_list(mask, model)
    path = picture = ""
    if one.patches.segments is None:
        # One unit per patch: whole numbers, and short.
        path = loops_data(one.patches.outline(mask, (0.0, 0.0, float(model.cols), float(model.rows))))
    else:
        picture = output.figure(
            f"i/{one.image.image_id}/{one.image.classifier}/question-{key}.png",
            ("superpixel overlay", mask, one.patches.segments),
            partial(superpixel_overlay, mask, one.patches),
        )
    return PatchSet(
        name=name,
        path=path,
        picture=picture,
        alt=f"{one.image.title}, {patches} of {model.n_cells} outlined: {cells}.",
        outcome=f"{name} {'removed' if kind == 'remove' else 'alone kept'}: p = {wording.probability(p)}",
    )
