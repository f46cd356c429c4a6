from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import UInt8
from gallery.render.figures.social import social_card


def test_card_has_the_size_networks_want_and_shows_the_photograph(view: UInt8) -> None:
    data, again = (
        social_card(view, [("Grad-CAM", view[::-1])], title="A title", subtitle="below", facts={})
        for _ in range(2)
    )
    assert data == again
    with Image.open(BytesIO(data)) as card:
        assert card.size == (1200, 630)
        pixels = np.asarray(card).astype(int)
    assert np.abs(pixels[178, 50] - view[0, 0]).max() < 8


def test_long_titles_do_not_leave_the_card(view: UInt8) -> None:
    with Image.open(BytesIO(social_card(view, [], title="W" * 300, subtitle="W" * 300, facts={}))) as card:
        pixels = np.asarray(card)
    assert (pixels[:170, 1160:] == pixels[0, 0]).all()


def test_card_needs_a_title(view: UInt8) -> None:
    with pytest.raises(RenderError, match="title"):
        social_card(view, [], title=" ", subtitle="", facts={})
