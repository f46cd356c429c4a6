"""The default set: complete, unchanged, and every photograph with its provenance."""

import subprocess
import sys
from pathlib import Path

import pytest

from gallery.config import SetSettings
from gallery.curation.curate import Curated, curate
from gallery.curation.manifest import default_manifest, load_settings


@pytest.fixture(scope="module")
def default_settings() -> SetSettings:
    return load_settings(default_manifest())


@pytest.fixture(scope="module")
def curated(default_settings: SetSettings) -> Curated:
    return curate(default_settings, default_manifest().parent)


def test_every_photograph_is_there_and_unchanged(curated: Curated, default_settings: SetSettings) -> None:
    assert curated.failures == ()
    assert curated.skipped == ()
    assert len(curated.images) == len(default_settings.images)


def test_there_are_enough_photographs_and_composites(curated: Curated) -> None:
    composites = [image for image in curated.images if image.quadrants]
    assert len(composites) >= 3
    assert len(curated.images) - len(composites) >= 9


def test_every_photograph_has_provenance_and_a_digest(default_settings: SetSettings) -> None:
    for entry in default_settings.images:
        if entry.source != "composite":
            assert entry.source.startswith("package:"), entry.id
            assert entry.sha256, entry.id
            assert "unknown" not in {entry.author, entry.licence}, entry.id
            assert entry.source_url.startswith("http"), entry.id
            assert "stated by" in entry.note or "according to" in entry.note or "itself" in entry.note, (
                entry.id
            )
            assert entry.title, entry.id


def test_composites_credit_their_parts(curated: Curated) -> None:
    images = {image.id: image for image in curated.images}
    for image in curated.images:
        for quadrant in image.quadrants:
            part = images[quadrant.image_id]
            assert part.credit.author in image.credit.author
            assert part.credit.licence in image.credit.licence
            assert part.credit.source_url in image.credit.note
            assert quadrant.label == part.label


def test_the_target_of_each_composite_holds_for_one_quadrant(curated: Curated) -> None:
    for image in curated.images:
        if image.quadrants:
            assert [quadrant.label for quadrant in image.quadrants].count(str(image.target)) == 1, image.id


def test_settings_of_the_default_set_are_the_defaults(default_settings: SetSettings) -> None:
    defaults = SetSettings.model_validate({"title": "x", "images": default_settings.images})
    for name in ("classifiers", "perturbation", "search", "graph", "measures", "seed"):
        assert getattr(default_settings, name) == getattr(defaults, name)
    assert isinstance(default_settings.methods, dict)
    given = {name: options for name, options in default_settings.methods.items() if options}
    assert given == {
        "igos": {"path_points": 10, "iterations": 10},
        "igos_plus_plus": {"size": 14, "path_points": 5, "iterations": 6},
        "integrated_gradients": {"n_steps": 25},
        "rise": {"n_masks": 400},
    }


def test_curating_it_imports_neither_torch_nor_the_packages() -> None:
    code = (
        "import sys; from gallery.curation.curate import curate; "
        "from gallery.curation.manifest import default_manifest as d, load_settings; "
        "curate(load_settings(d()), d().parent); "
        "print({'torch', 'torchvision', 'skimage', 'sklearn', 'matplotlib', 'scipy'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_labels_are_imagenet_class_names(default_settings: SetSettings) -> None:
    models = pytest.importorskip("torchvision.models")
    names = set(models.ResNet50_Weights.DEFAULT.meta["categories"])
    labels = {entry.label for entry in default_settings.images if entry.label}
    targets = {entry.target for entry in default_settings.images if entry.target != "predicted"}
    assert labels == {"espresso", "tripod", "military uniform", "wall clock"}
    assert labels | targets <= names
