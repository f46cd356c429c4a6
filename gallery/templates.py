"""Where the templates, the theme and the MkDocs settings are: in a checkout or in an installed wheel."""

from pathlib import Path

from gallery.errors import RenderError

_PACKAGE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    """Return the folder that holds ``pages``, ``partials`` and ``theme``.

    Raises:
        RenderError: If neither the installed package nor a checkout holds it.
    """
    for folder in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
        if (folder / "pages").is_dir():
            return folder
    raise RenderError(f"{_PACKAGE}: the page templates are missing. Install the package again.")


def mkdocs_config_file() -> Path:
    """Return the base ``mkdocs.yml``.

    Raises:
        RenderError: If neither the installed package nor a checkout holds it.
    """
    folder = templates_folder()
    for file in (folder / "mkdocs.yml", folder.parent / "mkdocs.yml"):
        if file.is_file():
            return file
    raise RenderError(f"{folder}: mkdocs.yml is missing. Install the package again.")
