"""Marked objects: boxes, mask pictures, and errors that name the image and the key."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gallery.curation.check import check
from gallery.curation.composite import quadrant_plane, quadrants_of_class
from gallery.curation.curate import curate
from gallery.curation.decode import pixel_digest
from gallery.curation.manifest import inspect_manifest, load_settings
from gallery.records import ImageRecord, Quadrant, UInt8

Manifest = Callable[[str], Path]
Picture = Callable[..., Path]
CUP = '[[images]]\nid = "cup"\nsource = "file:cup.png"\n'


def only(path: Path) -> ImageRecord:
    result = curate(load_settings(path), path.parent)
    assert not result.failures
    return result.images[0]


def reason(path: Path) -> str:
    """Return the one problem of a set whose photograph fails, checking that ``check`` says the same."""
    (failure,) = curate(load_settings(path), path.parent).failures
    assert check(path) == [failure.problem]
    assert (failure.id, failure.problem.key, failure.problem.where) == ("cup", "cup", "cup.png")
    assert failure.problem.fix
    return failure.problem.reason


def marked(region: UInt8 | None) -> UInt8:
    assert region is not None
    assert region.dtype == np.uint8
    assert set(np.unique(region).tolist()) <= {0, 255}
    return region


def draw(path: Path, values: object) -> None:
    Image.fromarray(np.asarray(values, np.uint8)).save(path)


def test_boxes_hold_their_first_pixels_but_not_their_last(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")  # 8 x 6 px
    region = marked(only(manifest(CUP + "boxes = [[1, 2, 3, 5], [6, 0, 8, 6]]\n")).region)
    expected = np.zeros((6, 8), bool)
    expected[2:5, 1:3] = expected[:, 6:8] = True
    np.testing.assert_array_equal(region == 255, expected)


def test_a_mask_is_object_where_it_is_brighter_than_half(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    values = np.zeros((6, 8))
    values[0, :4] = [127, 128, 255, 1]
    draw(picture("masks/cup.png"), values)
    region = marked(only(manifest(CUP + 'mask = "file:masks/cup.png"\n')).region)
    np.testing.assert_array_equal(np.argwhere(region), [[0, 1], [0, 2]])


def test_colours_of_a_mask_count_by_their_luminance(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    values = np.zeros((6, 8, 3))
    values[1, 1], values[1, 2], values[1, 3] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    draw(picture("mask.png"), values)
    region = marked(only(manifest(CUP + 'mask = "file:mask.png"\n')).region)
    np.testing.assert_array_equal(np.argwhere(region), [[1, 2]])


def test_boxes_and_mask_together(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    values = np.zeros((6, 8))
    values[5, 7] = 255
    draw(picture("mask.png"), values)
    region = marked(only(manifest(CUP + 'boxes = [[0, 0, 1, 1]]\nmask = "file:mask.png"\n')).region)
    np.testing.assert_array_equal(np.argwhere(region), [[0, 0], [5, 7]])


def test_pixels_count_after_the_orientation_is_applied(manifest: Manifest, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6  # shown turned by a quarter: 6 x 8 px
    Image.new("RGB", (8, 6)).save(tmp_path / "cup.png", exif=exif)
    region = marked(only(manifest(CUP + "boxes = [[4, 6, 6, 8]]\n")).region)
    assert region.shape == (8, 6)
    assert region[7, 5] == 255


def test_a_region_does_not_change_the_images_digest(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    plain, boxed = only(manifest(CUP)), only(manifest(CUP + "boxes = [[0, 0, 2, 2]]\n"))
    assert plain.region is None
    assert plain.digest == boxed.digest
    other = only(manifest(CUP + "boxes = [[0, 0, 2, 3]]\n"))
    assert pixel_digest(marked(boxed.region)) != pixel_digest(marked(other.region))


def test_a_box_beyond_the_picture(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    said = reason(manifest(CUP + "boxes = [[0, 0, 8, 6], [2, 2, 9, 4]]\n"))
    assert said == "boxes[1] = [2, 2, 9, 4] reaches beyond the picture, 8 x 6 px."
    assert "boxes[0]" in reason(manifest(CUP + "boxes = [[0, 0, 8, 7]]\n"))


def test_a_mask_of_another_size(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    picture("mask.png", (255, 255, 255), (6, 8))
    said = reason(manifest(CUP + 'mask = "file:mask.png"\n'))
    assert said == "mask = 'file:mask.png' has 6 x 8 px, the picture 8 x 6 px."


@pytest.mark.parametrize(("grey", "expected"), [(0, "marks no pixel"), (255, "marks every pixel")])
def test_a_mask_that_says_nothing(grey: int, expected: str, manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    picture("mask.png", (grey, grey, grey))
    assert expected in reason(manifest(CUP + 'mask = "file:mask.png"\n'))


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("file:gone.png", "mask = 'file:gone.png': There is no such file."),
        ("gone.png", "There is no image source 'gone.png'."),
        ("folder:masks", "mask = 'folder:masks' is not one picture."),
        ("composite", "mask = 'composite' is not one picture."),
    ],
)
def test_a_mask_that_cannot_be_read(mask: str, expected: str, manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    picture("masks/cup.png", (255, 255, 255))
    assert expected in reason(manifest(CUP + f'mask = "{mask}"\n'))


@pytest.mark.parametrize(
    "box", ["[1, 2, 3]", "[3, 0, 3, 4]", "[4, 0, 3, 4]", "[0, 5, 3, 4]", "[-1, 0, 3, 4]", "[0, 0, 3, 4, 5]"]
)
def test_an_empty_box_is_a_problem_of_the_manifest(box: str, manifest: Manifest) -> None:
    (problem,) = inspect_manifest(manifest(CUP + f"boxes = [[0, 0, 2, 2], {box}]\n")).problems
    assert problem.key == "images[0].boxes (id 'cup')"
    assert f"0 <= left < right and 0 <= top < bottom, got {box}" in problem.reason
    assert "[[left, top, right, bottom], ...]" in problem.fix


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("boxes = []", "images[0].boxes (id 'cup')"),
        ("boxes = [[0, 0, 1.5, 2]]", "images[0].boxes[0][2] (id 'cup')"),
        ("boxes = [0, 0, 1, 2]", "images[0].boxes[0] (id 'cup')"),
        ('mask = ""', "images[0].mask (id 'cup')"),
    ],
)
def test_wrong_types_are_problems_of_the_manifest(line: str, key: str, manifest: Manifest) -> None:
    problems = inspect_manifest(manifest(f"{CUP}{line}\n")).problems
    assert problems
    assert problems[0].key == key


def test_composites_cannot_be_marked(manifest: Manifest) -> None:
    text = '[[images]]\nid = "grid"\nsource = "composite"\nparts = ["a", "a", "a", "a"]\n'
    text += "boxes = [[0, 0, 1, 1]]\n"
    problems = inspect_manifest(manifest(text)).problems
    (problem,) = [p for p in problems if p.key == "images[0] (id 'grid')"]
    assert "a composite has none" in problem.reason
    assert problem.fix == "Leave them out, or mark the object in the photographs themselves."


@pytest.mark.parametrize("line", ["boxes = [[0, 0, 2, 2]]", 'mask = "file:mask.png"'])
def test_many_photographs_cannot_share_a_mark(line: str, manifest: Manifest, picture: Picture) -> None:
    picture("photos/a.png")
    path = manifest(f'[[images]]\nsource = "folder:photos"\n{line}\n')
    (failure,) = curate(load_settings(path), path.parent).failures
    name = line.split(" ")[0]
    assert failure.problem.key == f"images[0].{name}"
    assert failure.problem.reason == f"{name} belongs to one photograph, not to many."


QUADRANTS = (
    Quadrant(0, 0, "a", "Egyptian cat"),
    Quadrant(0, 1, "b", None),
    Quadrant(1, 0, "c", "cup"),
    Quadrant(1, 1, "d", "egyptian cat"),
)


def test_quarters_that_show_a_class() -> None:
    assert [q.image_id for q in quadrants_of_class(QUADRANTS, "Egyptian Cat")] == ["a", "d"]
    assert quadrants_of_class(QUADRANTS, "dog") == ()


def test_the_plane_of_some_quarters() -> None:
    plane = quadrant_plane((4, 6), (QUADRANTS[1], QUADRANTS[2]))
    assert plane.dtype == np.uint8
    assert plane.tolist() == [[0, 0, 0, 255, 255, 255]] * 2 + [[255, 255, 255, 0, 0, 0]] * 2
    assert not quadrant_plane((4, 6), ()).any()


# --- needed and precluded regions -------------------------------------------------------------------------


def test_needed_and_precluded_regions_are_boxes_or_masks(manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")  # 8 x 6 px
    values = np.zeros((6, 8))
    values[5, 7] = 255
    draw(picture("mask.png"), values)
    given = "needed = { boxes = [[0, 0, 2, 3]] }\n"
    given += 'precluded = { boxes = [[4, 0, 5, 1]], mask = "file:mask.png" }\n'
    image = only(manifest(CUP + given))
    np.testing.assert_array_equal(np.argwhere(marked(image.precluded)), [[0, 4], [5, 7]])
    assert (marked(image.needed) == 255).sum() == 6
    assert image.region is None
    assert only(manifest(CUP)).needed is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("needed = { boxes = [[0, 0, 9, 2]] }", "needed.boxes[0] = [0, 0, 9, 2] reaches beyond the picture"),
        ("precluded = { boxes = [[0, 0, 1, 1], [0, 0, 8, 7]] }", "precluded.boxes[1] = [0, 0, 8, 7] reaches"),
        ("precluded = { boxes = [[0, 0, 8, 6]] }", "precluded covers the whole picture, 8 x 6 px."),
        (
            'needed = { mask = "file:small.png" }',
            "needed.mask = 'file:small.png' has 3 x 2 px, the picture 8",
        ),
        ('needed = { mask = "file:black.png" }', "needed.mask = 'file:black.png' marks no pixel."),
        ('precluded = { mask = "file:gone.png" }', "precluded.mask = 'file:gone.png': "),
        (
            "needed = { boxes = [[0, 0, 4, 4]] }\nprecluded = { boxes = [[3, 2, 6, 5]] }",
            "needed and precluded share 2 pixels, the first at column 3, row 2.",
        ),
    ],
)
def test_regions_that_cannot_be(given: str, expected: str, manifest: Manifest, picture: Picture) -> None:
    picture("cup.png")
    picture("small.png", (255, 255, 255), (3, 2))
    picture("black.png", (0, 0, 0))
    assert expected in reason(manifest(CUP + given + "\n"))


@pytest.mark.parametrize(
    ("given", "key", "expected"),
    [
        ("needed = {}", "images[0].needed (id 'cup')", "It marks nothing"),
        ("needed = { boxes = [] }", "images[0].needed.boxes (id 'cup')", "It is empty."),
        ("precluded = { boxes = [[3, 0, 3, 4]] }", "images[0].precluded.boxes (id 'cup')", "A box is [left"),
        ("precluded = { box = [[0, 0, 1, 1]] }", "images[0].precluded.box (id 'cup')", "Unknown key."),
        ("precluded = [[0, 0, 1, 1]]", "images[0].precluded (id 'cup')", "Expected a table, got a list."),
    ],
)
def test_what_the_manifest_alone_shows_to_be_wrong(
    given: str, key: str, expected: str, manifest: Manifest
) -> None:
    (problem,) = inspect_manifest(manifest(CUP + given + "\n")).problems
    assert problem.key == key
    assert problem.reason.startswith(expected)
    assert problem.fix


def test_a_folder_has_no_regions_of_its_own(manifest: Manifest, picture: Picture) -> None:
    picture("photos/a.png")
    path = manifest('[[images]]\nsource = "folder:photos"\nprecluded = { boxes = [[0, 0, 1, 1]] }\n')
    (failure,) = curate(load_settings(path), path.parent).failures
    assert failure.problem.key == "images[0].precluded"
    assert failure.problem.reason == "precluded belongs to one photograph, not to many."
