import pytest

from gallery.errors import ConfigError
from gallery.pipeline.shard import WHOLE, Shard


def test_shards_share_out_every_image_once() -> None:
    shards = [Shard.parse(f"{number}/3") for number in (1, 2, 3)]
    taken = [[i for i in range(10) if shard.takes(i)] for shard in shards]
    assert taken == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]
    assert all(WHOLE.takes(i) for i in range(10))


def test_a_shard_prints_as_it_is_written() -> None:
    assert str(Shard.parse("2/8")) == "2/8"


@pytest.mark.parametrize("text", ["", "2", "2/", "/2", "a/2", "1.5/2", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--shard .*: expected \"<number>/<count>\", such as 2/8"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["0/2", "3/2", "0/0"])
def test_shards_are_counted_from_one(text: str) -> None:
    with pytest.raises(ConfigError, match=rf"--shard {text}: shards are counted from 1 to .*--array=1-8"):
        Shard.parse(text)
