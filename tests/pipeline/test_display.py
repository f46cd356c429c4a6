import io

import pytest
from rich.console import Console

from gallery.pipeline.display import Display


def console(*, terminal: bool = False) -> Console:
    """Return a console that writes to memory."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=200, highlight=False)


def text_of(shown: Console) -> str:
    """Return everything written."""
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the display's clock."""
    clock = Clock()
    monkeypatch.setattr("gallery.pipeline.display.time", clock)
    return clock


def test_plain_lines_off_a_terminal(clock: Clock) -> None:
    shown = console()
    with Display(shown, quiet=False) as display:
        display.begin("explain", 4)
        display.advance("a", "search", forwards=100)
        clock.now = 10
        display.advance("[b]", "graph", forwards=100)
        clock.now = 11
        display.advance("c", "rise", stored=True)
        clock.now = 20
        display.advance("c", "igos")
    assert text_of(shown).splitlines() == [
        "explain 2/4 · 20 forwards/s · [b]: graph · about 10 s left",
        "explain 4/4 · 10 forwards/s · c: igos · about 0 s left",
        "explain: 4 done, 1 from the store in 20.0 s, 200 forwards",
    ]


def test_stages_end_each_other(clock: Clock) -> None:
    shown = console()
    with Display(shown, quiet=False) as display:
        display.begin("one", 1)
        display.begin("two", None)
        display.advance("a", "b")
        clock.now = 6
        display.advance("a", "b")
        display.end()
        display.end()
    assert text_of(shown).splitlines() == ["one: 0 done in 0.0 s", "two 2 · a: b", "two: 2 done in 6.0 s"]


@pytest.mark.parametrize("terminal", [False, True])
def test_quiet_prints_failures_only(clock: Clock, terminal: bool) -> None:
    shown = console(terminal=terminal)
    with Display(shown, quiet=True) as display:
        display.begin("explain", 1)
        display.note("a note")
        clock.now = 99
        display.advance("a", "search")
        assert text_of(shown) == ""
        display.fail("a", "[why]")
    assert "[why]" in text_of(shown)
    assert text_of(shown).count("\n") == 1


def test_a_live_line_on_a_terminal_is_tidied_up() -> None:
    shown = console(terminal=True)
    display = Display(shown, quiet=False)

    def interrupted() -> None:
        with display:
            display.begin("explain [x]", 2)
            display.advance("[img]", "[task]", forwards=5)
            display.note("[note]")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    text = text_of(shown)
    assert "[note]" in text
    assert "[img]: [task]" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # cursor hidden and shown again


def test_a_stage_broken_off_is_not_summed_up() -> None:
    shown = console()
    display = Display(shown, quiet=False)
    display.__enter__()
    display.begin("explain", 2)
    display.__exit__(ValueError, ValueError("x"), None)
    assert text_of(shown) == ""


def test_a_display_can_be_used_twice() -> None:
    shown = console(terminal=True)
    display = Display(shown, quiet=False)
    for stage in ("one", "two"):
        with display:
            display.begin(stage, 1)
            display.advance("a", "b")
    assert "one: 1 done" in text_of(shown)
    assert "two: 1 done" in text_of(shown)
