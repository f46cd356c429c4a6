"""Sources: what each lists, in which order, and what it says when it cannot."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.curation.problems import SourceError
from gallery.curation.sources import SOURCES, Item, Skipped, list_source


def items(source: str, folder: Path) -> list[Item]:
    return [found for found in list_source(source, folder) if isinstance(found, Item)]


def test_the_registered_sources() -> None:
    assert SOURCES.names() == ["file", "folder", "package", "torchvision"]


def test_a_file_is_read_relative_to_the_manifest(picture: Callable[..., Path], tmp_path: Path) -> None:
    picture("photos/My_Cat 1.png", (1, 2, 3))
    (item,) = items("file:photos/My_Cat 1.png", tmp_path)
    assert (item.name, item.title, item.source) == ("My_Cat 1", "My Cat 1", "file:photos/My_Cat 1.png")
    assert item.read().pixels[0, 0].tolist() == [1, 2, 3]


def test_an_absolute_path_is_read_but_not_printed(picture: Callable[..., Path], tmp_path: Path) -> None:
    path = picture("a.png")
    (item,) = items(f"file:{path}", tmp_path / "elsewhere")
    assert item.source == "file:a.png"
    assert item.where == str(path)
    assert item.read().pixels.shape == (6, 8, 3)


def test_a_misspelt_file_gets_a_suggestion(picture: Callable[..., Path], tmp_path: Path) -> None:
    picture("photos/kitten.png")
    (item,) = items("file:photos/kiten.png", tmp_path)
    with pytest.raises(
        SourceError, match=r"photos/kiten\.png: There is no such file\. Did you mean 'kitten\.png'\?"
    ):
        item.read()


def test_a_folder_is_listed_in_natural_order_with_labels(
    picture: Callable[..., Path], tmp_path: Path
) -> None:
    for name in [
        "Egyptian_cat/b10.png",
        "Egyptian_cat/b9.png",
        "Egyptian_cat/B1.png",
        "loose.png",
        ".git/x.png",
    ]:
        picture(f"photos/{name}")
    found = items("folder:photos", tmp_path)
    assert [item.where for item in found] == [
        "photos/Egyptian_cat/B1.png",
        "photos/Egyptian_cat/b9.png",
        "photos/Egyptian_cat/b10.png",
        "photos/loose.png",
    ]
    assert [item.read().label for item in found] == ["Egyptian cat"] * 3 + [None]
    assert [item.name for item in found][:2] == ["Egyptian_cat/B1", "Egyptian_cat/b9"]


def test_a_pattern_chooses_files(picture: Callable[..., Path], tmp_path: Path) -> None:
    for name in ["a/x.png", "a/y.bmp", "b/c/z.png"]:
        picture(f"photos/{name}")
    assert [i.where for i in items("folder:photos/**/*.png", tmp_path)] == [
        "photos/a/x.png",
        "photos/b/c/z.png",
    ]
    assert [i.where for i in items("folder:photos/*/*.bmp", tmp_path)] == ["photos/a/y.bmp"]
    assert [i.where for i in items(f"folder:{tmp_path}/photos/a/*.png", Path("/nowhere"))] == [
        f"{tmp_path}/photos/a/x.png"
    ]


def test_wildcard_characters_in_a_real_folder_name_are_literal(
    picture: Callable[..., Path], tmp_path: Path
) -> None:
    picture("photos [2020]/x.png")
    assert [item.where for item in items("folder:photos [2020]", tmp_path)] == ["photos [2020]/x.png"]


def test_other_files_are_skipped_and_unreadable_pictures_are_not(
    picture: Callable[..., Path], tmp_path: Path
) -> None:
    picture("photos/a.png")
    for name in ["labels.csv", "README", "b.heic"]:
        (tmp_path / "photos" / name).write_bytes(b"\x00\x00\x00\x18ftypheic")
    found = list_source("folder:photos", tmp_path)
    assert [f.where for f in found if isinstance(f, Skipped)] == ["photos/labels.csv", "photos/README"]
    with pytest.raises(SourceError, match="is a HEIC photograph"):
        items("folder:photos", tmp_path)[1].read()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("folder:gone", "There is no such folder"),
        ("folder:a.png", "This is a file"),
        ("folder:empty", "No picture was found"),
        ("folder:empty/*.png", "No picture was found"),
        ("folder:empty/**x/*.png", "No picture was found|cannot be searched"),
    ],
)
def test_a_folder_that_gives_nothing(
    picture: Callable[..., Path], tmp_path: Path, source: str, said: str
) -> None:
    picture("a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=said):
        list_source(source, tmp_path)


def test_a_package_is_read_without_being_imported(
    picture: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("heavy_package/data/cup.png", (9, 8, 7))
    (tmp_path / "heavy_package/__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    (item,) = items("package:heavy_package/data/cup.png", Path("/nowhere"))
    assert (item.name, item.source) == ("cup", "package:heavy_package/data/cup.png")
    assert item.read().pixels[0, 0].tolist() == [9, 8, 7]
    assert "heavy_package" not in sys.modules


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "package:no_such_package/a.png",
            "is not installed. Install it: python -m pip install no_such_package",
        ),
        ("package:skimage/data/cofee.png", "has no file 'data/cofee.png'. Did you mean 'coffee.png'"),
        ("package:skimage/data/eagle.png", "only on demand"),
    ],
)
def test_a_package_that_cannot_be_read(source: str, said: str, tmp_path: Path) -> None:
    (item,) = items(source, tmp_path)
    with pytest.raises(SourceError, match=said.replace("(", r"\(")):
        item.read()


@pytest.mark.parametrize(
    "argument", ["skimage", "skimage/", "scikit-image/a.png", "skimage/../x.png", "skimage//etc/x"]
)
def test_a_malformed_package_path(argument: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a package's import name"):
        list_source(f"package:{argument}", tmp_path)


@pytest.mark.parametrize(
    ("index", "expected"), [("3", [3]), ("0-2", [0, 1, 2]), ("5,1", [5, 1]), ("0-1,7", [0, 1, 7])]
)
def test_items_of_a_data_set_are_listed_without_torch(
    index: str, expected: list[int], tmp_path: Path
) -> None:
    found = items(f"torchvision:CIFAR10?split=test&index={index}&root=x", tmp_path)
    assert [item.name for item in found] == [f"CIFAR10-test-{n}" for n in expected]
    assert found[0].source == f"torchvision:CIFAR10?split=test&index={expected[0]}"
    assert found[0].member is (index != "3")


@pytest.mark.parametrize(
    "query", ["", "?", "?index=", "?index=x", "?index=3-1", "?index=1,1", "?index=0-99999999", "?x"]
)
def test_a_malformed_data_set_request(query: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^torchvision:CIFAR10"):
        list_source(f"torchvision:CIFAR10{query}", tmp_path)


def test_a_data_set_gives_pictures_and_class_names(picture: Callable[..., Path], tmp_path: Path) -> None:
    picture("data/cat/1.png", (1, 1, 1), (32, 32))
    picture("data/dog/1.png", (2, 2, 2), (32, 32))
    found = items("torchvision:ImageFolder?index=0-2", tmp_path)
    assert [found[0].read().label, found[1].read().label] == ["cat", "dog"]
    assert found[1].read().pixels[0, 0].tolist() == [2, 2, 2]
    with pytest.raises(SourceError, match="There is no item 2; the data set has 2"):
        found[2].read()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("torchvision:CIFAR11?index=0", "no data set 'CIFAR11'. Did you mean 'CIFAR10'"),
        ("torchvision:CIFAR10?index=0&split=val", "split='val' is unknown. It is train or test."),
        ("torchvision:CIFAR10?index=0&trian=true", "takes no option 'trian'. Did you mean 'train'"),
        (
            "torchvision:CIFAR10?index=0",
            "cannot be opened: Dataset not found or corrupted.*add download=true",
        ),
        ("torchvision:Flowers102?index=0&split=tset", "cannot be opened: .*tset"),
        (
            "torchvision:FakeData?index=0&size=2&num_classes=2&random_offset=x",
            "cannot be read|cannot be opened",
        ),
    ],
)
def test_a_data_set_that_cannot_be_read(source: str, said: str, tmp_path: Path) -> None:
    (item,) = items(source, tmp_path)
    with pytest.raises(SourceError, match=said):
        item.read()
