"""What explanation networks learn from."""

import numpy as np
import pytest

from gallery.pipeline.concepts.training import Assignment, gather
from gallery.records import Credit, ImageRecord
from tests.pipeline.concepts.wanted import wanting
from tests.pipeline.toy import toy_classifier


def test_half_the_views_are_of_the_class_and_a_fifth_is_kept_back() -> None:
    draw = np.random.default_rng(1)
    photos = [
        ImageRecord(
            f"p{i}", "P", "file:p", draw.integers(0, 256, (40, 48, 3), dtype=np.uint8), f"{i}", "", 0, None,
            Credit("a", "b"),
        )
        for i in range(9)
    ]  # fmt: skip
    classifier = toy_classifier(4)
    settings = wanting(n_views=200).concepts
    assert settings is not None
    found = gather(Assignment(classifier, 2, "features", settings, seed=0), lambda: photos)
    facts = found.facts
    assert facts.n_new_photos == 2
    assert facts.n_photos == 7
    assert len(found.examples.logits) == pytest.approx(200, abs=10)
    assert not (found.is_seen & (found.is_new_view | found.is_new_photo)).any()
    assert facts.n_views + facts.n_new_views + facts.n_views_of_new == len(found.examples.logits)
    assert 0.15 < facts.n_new_views / (facts.n_views + facts.n_new_views) < 0.25
