"""Curation: ids, titles, labels, credits, composites; and one bad image never loses the others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gallery.curation.composite import SIDE_PX, tile
from gallery.curation.curate import Curated, curate, iter_images
from gallery.curation.decode import pixel_digest
from gallery.curation.manifest import load_settings
from gallery.curation.names import natural, slug, title, unique
from gallery.records import Credit, ImageRecord, Quadrant

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)


def run(path: Path) -> Curated:
    return curate(load_settings(path), path.parent)


def test_a_record_carries_everything(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    picture("my_red cup.png", RED)
    path = manifest(
        '[[images]]\nsource = "file:my_red cup.png"\ntarget = "cup"\nlabel = "cup"\n'
        'author = "A"\nlicence = "L"\n'
        'source_url = "https://example.org/x"\nnote = "N"\n'
    )
    (image,) = run(path).images
    assert (image.id, image.title, image.target, image.label) == ("my-red-cup", "My red cup", "cup", "cup")
    assert image.credit == Credit("A", "L", "https://example.org/x", "N")
    assert image.digest == pixel_digest(image.pixels)
    assert image.pixels.shape == (6, 8, 3)


def test_one_bad_image_does_not_lose_the_others(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("a.png")
    (picture("b.png")).write_text("no picture")
    picture("c.png")
    result = run(manifest("".join(f'[[images]]\nid = "{i}"\nsource = "file:{i}.png"\n' for i in "abc")))
    assert [image.id for image in result.images] == ["a", "c"]
    assert [(f.id, f.problem.where, f.problem.key) for f in result.failures] == [("b", "b.png", "b")]
    assert "is text" in result.failures[0].problem.reason


def test_an_entry_that_cannot_be_listed_is_a_failure(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("a.png")
    result = run(manifest('[[images]]\nsource = "folder:gone"\n[[images]]\nsource = "file:a.png"\n'))
    assert [f.problem.key for f in result.failures] == ["images[0].source"]
    assert [image.id for image in result.images] == ["a"]


def test_a_wrong_sha256_is_a_failure_with_both_values(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("a.png")
    text = '[[images]]\nsource = "file:a.png"\n'
    found = run(manifest(text)).images[0].source_sha256
    assert run(manifest(f'{text}sha256 = "{found}"\n')).failures == ()
    (failure,) = run(manifest(f'{text}sha256 = "{"0" * 64}"\n')).failures
    assert f"Its SHA-256 is {found}, but the manifest expects {'0' * 64}." in failure.problem.reason


def test_a_folder_becomes_many_images(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    for name in ["cat/1.png", "cat/1.bmp", "dog/1.png"]:
        picture(f"photos/{name}")
    (manifest("").parent / "photos/labels.csv").write_text("x")
    result = run(
        manifest(
            '[[images]]\nid = "dog-1"\nsource = "file:photos/dog/1.png"\n'
            '[[images]]\nsource = "folder:photos"\n'
        )
    )
    assert [image.id for image in result.images] == ["dog-1", "cat-1", "cat-1-2", "dog-1-2"]
    assert [image.label for image in result.images] == [None, "cat", "cat", "dog"]
    assert [f.problem.where for f in result.skipped] == ["photos/labels.csv"]
    assert result.failures == ()


def test_id_and_title_of_a_folder_are_prefixes(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("photos/big_cat.png")
    result = run(manifest('[[images]]\nid = "zoo"\ntitle = "Zoo"\nlabel = "cat"\nsource = "folder:photos"\n'))
    assert [(i.id, i.title, i.label) for i in result.images] == [("zoo-big-cat", "Zoo: Big cat", "cat")]


def test_sha256_of_a_folder_is_refused(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    picture("photos/a.png")
    (failure,) = run(manifest(f'[[images]]\nsource = "folder:photos"\nsha256 = "{"0" * 64}"\n')).failures
    assert failure.problem.key == "images[0].sha256"


def four(manifest: Callable[[str], Path], picture: Callable[..., Path], extra: str = "") -> Path:
    for name, colour in zip("abcd", (RED, GREEN, BLUE, GREY), strict=True):
        picture(f"{name}.png", colour, (12, 10))
    text = '[[images]]\nid = "grid"\nsource = "composite"\nparts = ["a", "b", "c", "d"]\ntarget = 7\n' + extra
    for name in "abcd":
        text += f'[[images]]\nid = "{name}"\nsource = "file:{name}.png"\n'
        text += f'author = "{name.upper()}"\nlicence = "CC0-1.0"\n'
    return manifest(text + 'label = "grey thing"\nsource_url = "https://example.org/d"\n')


def test_a_composite_shows_its_parts(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    grid = run(four(manifest, picture)).images[0]
    assert grid.pixels.shape == (2 * SIDE_PX, 2 * SIDE_PX, 3)
    corners = [grid.pixels[r, c].tolist() for r in (0, -1) for c in (0, -1)]
    assert corners == [list(colour) for colour in (RED, GREEN, BLUE, GREY)]
    middle = grid.pixels[SIDE_PX - 1 : SIDE_PX + 1, SIDE_PX - 1 : SIDE_PX + 1].reshape(-1, 3).tolist()
    assert middle == corners
    assert grid.quadrants[:1] == (Quadrant(0, 0, "a", None),)
    assert grid.quadrants[3] == Quadrant(1, 1, "d", "grey thing")
    assert [(q.row, q.col) for q in grid.quadrants] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert grid.digest == grid.source_sha256 == pixel_digest(grid.pixels)
    assert grid.target == 7


def test_a_composite_credits_everybody(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    credit = run(four(manifest, picture, 'note = "Ours."\nauthor = "Us"\n')).images[0].credit
    assert credit.author == "Us; A; B; C; D"
    assert credit.licence == "CC0-1.0"
    assert credit.note.startswith('Ours. Composite of "A" (A, CC0-1.0); "B" (B, CC0-1.0)')
    assert credit.note.endswith('"D" (D, CC0-1.0, https://example.org/d).')


def test_a_composite_of_a_bad_part_fails_with_the_reason(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    path = four(manifest, picture)
    (path.parent / "b.png").write_bytes(b"")
    result = run(path)
    assert [image.id for image in result.images] == ["a", "c", "d"]
    assert [f.id for f in result.failures] == ["grid", "b"]
    assert result.failures[0].problem.reason == "Its part 'b' could not be read: The file is empty."


def test_a_composite_of_an_unlisted_part_fails(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    picture("a.png")
    path = manifest(
        '[[images]]\nsource = "folder:gone"\n[[images]]\nsource = "file:a.png"\n'
        '[[images]]\nsource = "composite"\nparts = ["a", "a", "a", "x"]\n'
    )
    result = run(path)
    assert [f.id for f in result.failures] == [
        "images[0]",
        "composite-a-a-a-x",
    ]
    assert "part 'x' is no image of this set" in result.failures[1].problem.reason


def test_images_are_read_one_by_one(manifest: Callable[[str], Path], picture: Callable[..., Path]) -> None:
    picture("a.png")
    picture("b.png")
    path = manifest('[[images]]\nsource = "file:a.png"\n[[images]]\nsource = "file:b.png"\n')
    stream = iter_images(load_settings(path), path.parent)
    first = next(stream)
    assert isinstance(first, ImageRecord)
    (path.parent / "b.png").unlink()  # not looked at yet
    assert "no such file" in next(stream).problem.reason  # type: ignore[union-attr]


def test_two_runs_give_the_same_records(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    path = four(manifest, picture)
    first, second = run(path).images, run(path).images
    assert [image.digest for image in first] == [image.digest for image in second]


def test_a_tile_is_the_centred_square() -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 2:6] = 200
    assert (tile(pixels, 8) == 200).all()
    assert (tile(pixels.transpose(1, 0, 2), 4) == 200).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IMG_0001", "img-0001"),
        ("  Übung--2 ", "ubung-2"),
        ("cat/b 1", "cat-b-1"),
        ("日本", "image-cf2abf0c"),
    ],
)
def test_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_long_slugs_stay_different() -> None:
    first, second = slug("x" * 200), slug("x" * 201)
    assert len(first) == len(second) == 64
    assert first != second


def test_unique_counts_up_within_the_limit() -> None:
    assert unique("a", {"a", "a-2"}) == "a-3"
    assert unique("x" * 64, {"x" * 64}) == "x" * 62 + "-2"


def test_titles_and_natural_order() -> None:
    assert title("grace_hopper-2\n") == "Grace hopper 2"
    assert title("__") == "Untitled"
    assert sorted(["img10", "img2", "Img1", "10", "9"], key=natural) == ["9", "10", "Img1", "img2", "img10"]
