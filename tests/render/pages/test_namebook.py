from gallery.render.pages.namebook import Namebook


def test_names_are_kept_once_and_found() -> None:
    names = Namebook()
    for name in ("i/b.png", "i/a.png", "i/b.png", "j/ä.png", "i.md", "torn\udce9.png"):
        names.add(name)
    assert "i/b.png" in names
    assert "torn\udce9.png" in names
    assert "i/c.png" not in names
    assert list(names.starting_with("i/")) == ["i/a.png", "i/b.png"]
    assert list(names.starting_with("j/")) == ["j/ä.png"]
    assert len(list(names.starting_with(""))) == 5
    names.close()
