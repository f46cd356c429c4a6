"""A small gallery made of installed photographs and plausible arrays: no classifier needed.

Two classifiers on three images: a plain photograph with a label, one without any MSE, and a composite; one
failure besides. Probabilities come from a closed formula, so every number is consistent with the others.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from mkdocs.utils.meta import get_data
from PIL import Image

from gallery.config import SetSettings
from gallery.publish.build import publish
from gallery.records import (
    AttentionGraph,
    Catalogue,
    ClassifierCard,
    Credit,
    Explanation,
    Failure,
    Float32,
    GraphLink,
    GraphNode,
    Heatmap,
    ImageCard,
    ImageResult,
    MaskModel,
    MeasureCard,
    Measurement,
    MethodCard,
    ModelInput,
    Prediction,
    Preprocessing,
    Quadrant,
    SearchResult,
    TopClass,
    UInt8,
    cells_of,
    mask_of,
)
from gallery.render.pages.aside import place
from gallery.render.pages.site import render_site
from tests.render.pages.synthetic_answers import (
    make_necessity,
    make_questions,
    make_robustness,
    make_what_if,
)
from tests.render.pages.synthetic_prompts import make_prompted

HOSTILE = "<script>alert(1)</script> {{7*7}} [x](javascript:1) \"'& `c` *b* _i_ # | \\ \n---\n</div> $x$"
CLASSES = ("tabby cat", "espresso", "space suit", "mixing bowl", "lynx", "cup", "helmet")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
GRID = MaskModel()
SIDE = 224

GRAD_CAM = r"""Weight each channel of a layer by its mean gradient and add them up.

With $A^k$ the channels and $\alpha_k = \frac{1}{Z}\sum_{i,j} \frac{\partial y}{\partial A^k_{ij}}$:

$$L = \operatorname{ReLU}\left(\sum_k \alpha_k A^k\right)$$

Costs one `forward` and one backward pass.
"""
METHODS = (
    MethodCard("grad_cam", "Grad-CAM", "Selvaraju et al., ICCV 2017", GRAD_CAM, {"layer": "default"}),
    MethodCard(
        "rise", "RISE", "Petsiuk et al., BMVC 2018", r"Average $p(x \odot m)$ over masks.", {"n_masks": 4000}
    ),
    MethodCard(
        "i_gos", "I-GOS", "Qi et al., AAAI 2020", "Optimise a mask along integrated gradients.", {"steps": 20}
    ),
    MethodCard(
        "gradient", "Gradient", "Simonyan et al., 2014", r"Take $\partial y / \partial x$.", {}, signed=True
    ),
)
AREA = "probability \N{MULTIPLICATION SIGN} fraction"
MEASURES = (
    MeasureCard("deletion", "Deletion", "Petsiuk et al., BMVC 2018", "Area as pixels go.", AREA, "lower"),
    MeasureCard(
        "insertion", "Insertion", "Petsiuk et al., BMVC 2018", "Area as pixels come.", AREA, "higher"
    ),
    MeasureCard(
        "average_drop", "Average drop", "Chattopadhay et al., 2018", "Share of $p$ lost.", "fraction", "lower"
    ),
)
SEARCH = MethodCard(
    "beam", "Beam search", "Shitole et al., NeurIPS 2021", "Grow sets of patches.", {"beam_width": 5}
)


def classifier_cards() -> tuple[ClassifierCard, ...]:
    """Return two classifiers that do not exist."""
    return tuple(
        ClassifierCard(
            id=f"embedded:{name}",
            slug=f"embedded-{name}",
            digest=(digit * 64),
            title=title,
            architecture=name,
            class_names=CLASSES,
            preprocessing=Preprocessing((SIDE, SIDE), 256, "bicubic", MEAN, STD),
            cam_layer="blocks.6",
            licence="Apache-2.0",
            paper="Tan and Le, ICML 2019",
            url="https://example.org/weights",
            n_parameters=4_652_008,
        )
        for name, title, digit in (("net_a", "Net A", "a"), ("net_b", "Net B", "b"))
    )


def catalogue() -> Catalogue:
    """Return what the pages say that is not about one image."""
    return Catalogue(
        classifier_cards(), METHODS, (SEARCH,), MEASURES, {"numpy": "2.0", "python": "3.11"}, "cpu"
    )


def settings(**changes: object) -> SetSettings:
    """Return the settings of the set, with ``changes``."""
    given: dict[str, object] = {
        "title": "What the network saw",
        "description": "Heatmaps and minimal sufficient explanations of an image classifier, side by side.",
        "authors": ["Curie, Ada", "The Gallery Group"],
        "date": "2026-11-20",
        "url": "https://example.org/gallery",
        "classifiers": ["embedded:net_a", "embedded:net_b"],
        "images": [{"source": "file:chelsea.png"}],
    }
    return SetSettings.model_validate(given | changes)


def failures() -> tuple[Failure, ...]:
    """Return one image that could not be read."""
    return (Failure("broken", "curation", "broken.jpg is truncated <b>after</b> 12 bytes."),)


def _square(pixels: UInt8, side: int) -> UInt8:
    edge = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - edge) // 2, (pixels.shape[1] - edge) // 2
    crop = Image.fromarray(np.ascontiguousarray(pixels[top : top + edge, left : left + edge, :3]))
    return np.asarray(crop.resize((side, side), Image.Resampling.BICUBIC), dtype=np.uint8)


def _inputs(view: UInt8) -> ModelInput:
    small = _square(view, SIDE).astype(np.float32) / 255
    blurred = np.asarray(
        Image.fromarray(_square(view, 8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32
    )
    normalise = [
        ((x - np.array(MEAN, np.float32)) / np.array(STD, np.float32))
        .transpose(2, 0, 1)[None]
        .astype(np.float32)
        for x in (small, blurred / 255)
    ]
    return ModelInput(view, normalise[0], normalise[1])


def _blob(row: float, col: float, width: float, side: int) -> Float32:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    blob: Float32 = np.exp(-(((y - row) ** 2 + (x - col) ** 2) / (2 * width**2))).astype(np.float32)
    return blob


def _heatmap(card: MethodCard, centre: tuple[float, float], rng: np.random.Generator) -> Heatmap:
    side = {"grad_cam": 7, "rise": 28, "i_gos": 28, "gradient": 56}[card.name]
    native = _blob(*centre, 0.16, side) + 0.08 * rng.random((side, side), dtype=np.float32)
    if card.signed:
        native = native * rng.normal(0, 1, (side, side)).astype(np.float32)
    values = np.asarray(
        Image.fromarray(native).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32
    )
    seed = 7 if card.name == "rise" else None
    return Heatmap(
        card.name, values, native, dict(card.defaults), "blocks.6" if "cam" in card.name else None, seed,
        *((4000, 0) if card.name == "rise" else (1, 1)), seconds=rng.random(),
    )  # fmt: skip


def _probability(mask: int, weights: Float32, p_full: float) -> float:
    return float(p_full * min(1.0, sum(float(weights[cell]) for cell in cells_of(mask))))


def _graph(roots: list[int], weights: Float32, p_full: float) -> AttentionGraph:
    nodes: dict[int, GraphNode] = {}
    links: list[GraphLink] = []
    queue = list(roots)
    for mask in queue:
        if mask in nodes:
            continue
        p = _probability(mask, weights, p_full)
        expanded = p > 0.4 * p_full and mask.bit_count() > 1
        nodes[mask] = GraphNode(f"n{mask:x}", mask, p, p / p_full, mask in roots, expanded)
        for cell in cells_of(mask) if expanded else []:
            child = mask & ~(1 << cell)
            queue.append(child)
            links.append(
                GraphLink(f"n{mask:x}", f"n{child:x}", cell, p - _probability(child, weights, p_full))
            )
    ordered = sorted(nodes.values(), key=lambda n: (not n.is_root, -n.mask.bit_count(), n.mask))
    links.sort(key=lambda link: (link.source, link.removed))
    return AttentionGraph(
        tuple(ordered), tuple(links), 0, {"p_low": 0.4, "n_roots": 3, "overlap": 1}, 12, 0.3
    )


def _search(weights: Float32, p_full: float, *, empty: bool, complete_up_to: int) -> SearchResult:
    threshold = 0.9 * p_full
    strong = [int(cell) for cell in np.argsort(-weights)[:8]]
    sets = [
        mask_of(cells)
        for size in (3, 4)
        for cells in combinations(strong, size)
        if _probability(mask_of(cells), weights, p_full) >= threshold
        and all(_probability(mask_of(set(cells) - {c}), weights, p_full) < threshold for c in cells)
    ]
    mses = [
        Explanation(
            mask=m,
            probability=(p := _probability(m, weights, p_full)),
            relative=p / p_full,
            margin=p - threshold,
            minimality="smallest" if m.bit_count() <= complete_up_to else "subset-minimal",
            is_top=True,
        )
        for m in ([] if empty else sets)
    ]
    mses.sort(key=lambda e: (e.mask.bit_count(), -e.probability, e.mask))
    mses = mses[:9]
    mses[-1:] = [replace(one, is_top=False) for one in mses[-1:]]
    diverse = {t: _diverse([e.mask for e in mses], t) for t in (0, 1, 2)} if mses else {}
    note = "The search tried all sets of up to 20 patches." if empty else ""
    roots = diverse.get(1, ())[:2] or tuple(range(min(1, len(mses))))
    return SearchResult(
        method="beam",
        options={"beam_width": 5, "p_high": 0.9},
        p_full=p_full,
        threshold=threshold,
        mses=tuple(mses),
        diverse=diverse,
        roots=roots,
        complete_up_to=complete_up_to,
        n_scored=19_649 if complete_up_to else 398,
        forwards=20_001 if complete_up_to else 412,
        seconds=1.5,
        note=note,
    )


def _diverse(masks: list[int], overlap: int) -> tuple[int, ...]:
    chosen: list[int] = []
    for i, mask in enumerate(masks):
        if all((mask & masks[j]).bit_count() <= overlap for j in chosen):
            chosen.append(i)
    return tuple(chosen)


def _measurements(rng: np.random.Generator) -> dict[str, dict[str, Measurement]]:
    x = np.linspace(0, 1, 29, dtype=np.float32)
    level = np.zeros(29, np.float32)
    taken: dict[str, dict[str, Measurement]] = {}
    for card in METHODS:
        speed = 2 + 4 * rng.random()
        curves = {"deletion": np.exp(-speed * x), "insertion": 1 - np.exp(-speed * x)}
        taken[card.name] = {
            name: Measurement(name, card.name, float(np.trapezoid(y, x)), x, y.astype(np.float32), 29, 0.1)
            for name, y in curves.items()
        }
        taken[card.name]["average_drop"] = Measurement(
            "average_drop", card.name, float(rng.random()), x, level, 1, 0.1
        )
    return taken


def _result(
    image: ImageCard, view: UInt8, slug: str, seed: int, *, top: tuple[int, ...], empty: bool
) -> ImageResult:
    rng = np.random.default_rng(seed)
    centre = (0.35 + 0.2 * rng.random(), 0.35 + 0.3 * rng.random())
    p_full = 0.94 - 0.08 * rng.random()
    share = [p_full, *((1 - p_full) * 0.5**i for i in range(1, 5))]
    weights = _blob(*centre, 0.11, 7).ravel()
    enough = 3 + (seed + 1) % 2  # patches of the smallest sufficient set
    weights = (weights / np.sort(weights)[-enough:].sum() * 1.05).astype(np.float32)
    search = _search(weights, p_full, empty=empty, complete_up_to=3 * (seed % 2))

    def score(mask: int) -> float:
        return _probability(mask, weights, p_full)

    graph = _graph([search.mses[i].mask for i in search.roots], weights, p_full)
    return ImageResult(
        image=image,
        classifier=slug,
        mask_model=GRID,
        inputs=_inputs(view),
        prediction=Prediction(
            top[0], CLASSES[top[0]], p_full,
            tuple(TopClass(i, CLASSES[i], p) for i, p in zip(top, share, strict=True)),
        ),
        heatmaps={card.name: _heatmap(card, centre, rng) for card in METHODS},
        search=search,
        graph=graph,
        necessity=make_necessity(score, p_full, search.mses, weights),
        robustness=make_robustness(score, p_full, search.mses, again=seed % 2 == 0),
        questions=make_questions(score, GRID.n_cells, seed),
        measurements=_measurements(rng),
        seed=0,
        what_if=make_what_if(score, GRID.n_cells, search.mses, [node.mask for node in graph.nodes]),
    )  # fmt: skip


def photographs() -> dict[str, UInt8]:
    """Return the photographs of the set, square, by image id."""
    data: Any = skimage.data
    cat, cup, woman = (_square(pixels, 448) for pixels in (data.chelsea(), data.coffee(), data.astronaut()))
    top = np.concatenate([_square(cat, 224), _square(cup, 224)], axis=1)
    bottom = np.concatenate([_square(woman, 224)] * 2, axis=1)
    return {"chelsea": cat, "espresso": cup, "pair": np.concatenate([top, bottom])}


def results(*, hostile: bool = False) -> Iterator[ImageResult]:
    """Yield the results; with ``hostile``, texts that try to break out of HTML, Markdown and YAML."""
    photos = photographs()
    parts_of_pair = (("chelsea", 0), ("espresso", 1), ("eileen", 2), ("eileen", 2))
    quadrants = tuple(Quadrant(i // 2, i % 2, name, CLASSES[j]) for i, (name, j) in enumerate(parts_of_pair))
    plan = (
        ("chelsea", "Chelsea the cat", "tabby cat", (), (0, 4, 6, 5, 3), False),
        ("espresso", "A cup of espresso", "cup", (), (1, 5, 3, 6, 2), True),
        ("pair", "Cat, cup and astronaut", None, quadrants, (2, 0, 1, 5, 6), False),
    )
    for i, (name, title, label, parts, top, empty) in enumerate(plan):
        text = HOSTILE if hostile else title
        image = ImageCard(
            id=name,
            title=text,
            source=f"package:skimage/data/{name}.png" if not hostile else HOSTILE,
            size=(448, 448),
            digest=f"{i}" * 64,
            source_sha256=f"{i + 1}" * 64,
            label=label,
            credit=Credit(
                "Stefan van der Walt" if not hostile else HOSTILE, "CC0-1.0", "https://example.org/photo", ""
            ),
            quadrants=parts,
        )
        for j, card in enumerate(classifier_cards()):
            result = _result(image, photos[name], card.slug, 10 * i + j, top=top, empty=empty)
            yield replace(result, prompted=make_prompted(result)) if i == j == 0 else result


def page_text(file: Path) -> str:
    """Return a Markdown page as the theme shows it: with the parts that were set aside in their places."""
    text = file.read_text(encoding="utf-8")
    body, meta = get_data(text)
    for number, part in enumerate(meta.pop("parts", ())):
        body = body.replace(place(number), part)
    head = text.removeprefix("---\n").partition("\n---\n")[0]
    head = re.sub(r"^parts:\n((- |  ?).*\n|\n)*", "", head, count=1)
    return f"---\n{head}\n---\n{body}"


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Return every file of ``folder`` by relative path."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@cache
def _rendered(base: Path, *, hostile: bool) -> Path:
    texts: dict[str, object] = (
        {"title": HOSTILE, "description": HOSTILE, "authors": [HOSTILE]} if hostile else {}
    )
    render_site(
        results(hostile=hostile),
        catalogue=catalogue(),
        settings=settings(**texts),
        failures=failures(),
        out=base / "pages",
        cache=base / "cache",
    )
    publish(base / "pages", base / "site", settings(**texts))
    return base


def rendered(factory: pytest.TempPathFactory, *, hostile: bool = False) -> Path:
    """Return a folder with ``pages``, ``cache`` and ``site`` of the synthetic set, made once."""
    return _rendered(factory.getbasetemp() / ("gallery-hostile" if hostile else "gallery"), hostile=hostile)
