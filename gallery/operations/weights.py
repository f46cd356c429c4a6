"""Whether a classifier's weights are there and whole, without downloading anything."""

from pathlib import Path

from gallery.classifier._download import NotDownloadedError, no_downloads
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.operations.finding import Finding


def weights_finding(spec: str, folder: Path) -> Finding:
    """Load a classifier from what is on this machine; checksums are checked where there are published ones.

    Args:
        spec: "<source>:<model>".
        folder: The manifest's folder, which paths of weights start from.
    """
    name = f"weights of {spec}"
    try:
        with no_downloads():
            card = load_classifier(spec, device="cpu", folder=folder).card
    except NotDownloadedError as error:
        fix = "Nothing, if there is network: the first build fetches them. Otherwise put the file there."
        return Finding(name, "warning", str(error), fix)
    except ClassifierError as error:
        return Finding(name, "fault", str(error), "The message says what to do.")
    size = f"{card.n_parameters / 1e6:.1f} million weights" if card.n_parameters else "weights"
    return Finding(name, "ok", f"{size}, {len(card.class_names)} classes, SHA-256 {card.digest[:12]}")
