"""Predictions: simple sums where everything is known, and close to a real build."""

from dataclasses import replace

import pytest

from gallery.operations.calibration import Calibration, Task, calibrate
from gallery.operations.estimate import NOISE, estimate
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.workspace import Workspace
from tests.pipeline import toy
from tests.pipeline.concepts.wanted import wanting


def known() -> Calibration:
    """Return a calibration of two images with round numbers."""
    rise, search = Task({"alpha": 100, "beta": 100}, 4.0), Task({"alpha": 50, "beta": 150}, 2.0)
    return Calibration(
        images=["alpha", "beta"],
        tasks={"Toy 4": {"rise": rise, "search": search}},
        start_s=3.0,
        pages={"i": 0.5, "": 0.25},
        n_pages={"i": 2, "": 8},
        publish_s=5.0,
        each_bytes={"store": 1000, "site": 500},
        fixed_bytes={"site": 100},
    )


def elsewhere(job: Job) -> Job:
    """Return the job with an empty workspace."""
    return replace(job, workspace=Workspace(job.folder / "empty"))


def test_an_empty_store_costs_every_image(job: Job) -> None:
    found = estimate(elsewhere(job), [toy.toy_classifier()], known(), "how")
    assert found.n_images == 4
    assert found.parts == {"start": 3.0, "explain": 4 * (2 + 1), "render": 2 + 2, "publish": 5 * 12 / 10}
    assert found.seconds == sum(found.parts.values())
    assert found.forwards == 4 * (100 + 100)
    assert found.n_bytes == {"store": 4000, "site": 2100}
    assert found.n_bytes_more == 6100
    assert found.share_done == 0
    assert found.low < found.seconds < found.high
    assert not (job.folder / "empty").exists()


def test_what_is_stored_costs_nothing_and_its_forwards_count(job: Job) -> None:
    found = estimate(job, [toy.toy_classifier()], known(), "how")
    assert (found.parts["explain"], found.parts["start"], found.forwards, found.share_done) == (0, 0, 0, 1)
    assert "of 4 of them forwards were recorded" in found.basis[1]
    searches = sorted((job.workspace.store.root / "search").rglob("*.json"))
    searches[0].unlink()
    again = estimate(job, [toy.toy_classifier()], known(), "how")
    assert again.parts["explain"] > 0
    assert again.forwards > 0


def test_more_images_tried_mean_less_doubt_and_never_less_than_the_noise(job: Job) -> None:
    one = known()
    one.tasks["Toy 4"]["search"] = Task({"alpha": 50}, 1.0)
    one.tasks["Toy 4"]["rise"] = Task({"alpha": 100}, 2.0)
    many = known()
    images = [f"image {i}" for i in range(50)]
    many.tasks["Toy 4"] = {"rise": Task(dict.fromkeys(images, 100), 100.0)}
    doubt = [
        found.high / found.seconds - 1
        for found in (estimate(elsewhere(job), [toy.toy_classifier()], tried, "how") for tried in (one, many))
    ]
    assert doubt[0] > 2 * doubt[1]
    assert doubt[1] == pytest.approx(2 * NOISE)


def test_forwards_predicted_are_those_of_a_real_build(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gallery.operations.calibration.render", lambda *_: None)
    monkeypatch.setattr("gallery.operations.calibration.publish_site", lambda *_: None)
    fresh = elsewhere(job)
    tried = Calibration()
    calibrate(fresh, 4, tried, toy.Recorder())
    predicted = estimate(fresh, [toy.toy_classifier()], tried, "how")
    counted: list[int] = []

    class Counter(toy.Recorder):
        def advance(self, image: str, task: str, *, forwards: int = 0, **_: object) -> None:
            counted.append(forwards)

    explain_set(fresh, Counter())
    assert predicted.forwards == sum(counted) > 0
    stored = sum(len(content) for content in toy.files_of(fresh.workspace.store.root).values())
    assert predicted.n_bytes["store"] == pytest.approx(stored, rel=0.01)


def test_concepts_are_rehearsed_and_count_until_they_are_stored(job: Job) -> None:
    """Seen are 60 views, 3 photographs and 4 images; 10 maps by two methods, one of which shares passes."""
    wanted = replace(job, settings=wanting())
    without = estimate(job, [toy.toy_classifier()], known(), "how")
    found = estimate(wanted, [toy.toy_classifier()], known(), "how")
    at_most = 60 + 3 + 4 + 10 * 1 + 4 * (4 + 1)
    assert found.forwards - without.forwards == at_most
    assert found.parts["concepts"] > 0
    assert found.seconds == pytest.approx(without.seconds + found.parts["concepts"])
    assert "1 of 1 networks must be learnt" in found.basis[-1]
    assert "concepts" not in without.parts

    counted: list[int] = []

    class Counter(toy.Recorder):
        def advance(self, image: str, task: str, *, forwards: int = 0, **_: object) -> None:
            counted.append(forwards)

    explain_set(wanted, Counter())
    assert 0.7 * at_most < sum(counted) + 4 <= at_most + 3  # views are rounded per photograph
    assert "concepts" not in estimate(wanted, [toy.toy_classifier()], known(), "how").parts


def test_concepts_are_not_learnt_to_find_out_what_an_image_takes(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("render", "publish_site"):
        monkeypatch.setattr(f"gallery.operations.calibration.{name}", lambda *_: None)
    monkeypatch.delattr("gallery.pipeline.concepts.lesson.Lesson.learn")
    tried = Calibration()
    calibrate(replace(elsewhere(job), settings=wanting()), 1, tried, toy.Recorder())
    assert tried.images


def test_regions_cost_the_images_that_have_some(job: Job) -> None:
    """One of four images is marked: 300 forwards and 8 s are its own, whoever was tried beside it."""
    marks = {"precluded": {"boxes": [[0, 0, 4, 4]]}}
    entries = [entry.model_dump(exclude_none=True) for entry in toy.settings_of().images]
    marked = replace(elsewhere(job), settings=toy.settings_of(images=[entries[0] | marks, *entries[1:]]))
    plain = estimate(elsewhere(job), [toy.toy_classifier()], known(), "how")
    tried = known()
    tried.tasks["Toy 4"]["prompts"] = Task({"alpha": 300, "beta": 0}, 8.0)
    found = estimate(marked, [toy.toy_classifier()], tried, "how")
    assert found.forwards == plain.forwards + 300
    assert found.parts["explain"] == plain.parts["explain"] + 8
    assert not any("a search stands" in sentence for sentence in found.basis)
    tried.tasks["Toy 4"]["prompts"] = Task({"alpha": 0, "beta": 0}, 0.0)
    found = estimate(marked, [toy.toy_classifier()], tried, "how")  # then, as much as a search: 100 in 1 s
    assert found.forwards == plain.forwards + 100
    assert found.parts["explain"] == plain.parts["explain"] + 1
    assert "a search stands" in found.basis[-1]
