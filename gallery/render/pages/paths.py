"""Where the pages of plug-ins and classifiers are, relative to the site's root."""


def method_path(name: str) -> str:
    """Return the path of a heatmap method's page."""
    return f"m/{name}.html"


def measure_path(name: str) -> str:
    """Return the path of a measure's page."""
    return f"q/{name}.html"


def search_path(name: str) -> str:
    """Return the path of a search's page."""
    return f"s/{name}.html"


def classifier_path(slug: str) -> str:
    """Return the path of a classifier's page."""
    return f"c/{slug}.html"
