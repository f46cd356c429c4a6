"""What an image page says and needs so that a classifier can run in the browser."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveView:
    """One classifier and one photograph, for the script ``live.js``; paths from the site's root.

    Attributes:
        slug: Of the classifier.
        key: Of the photograph's pixels in the script at ``input``.
        model: Script that says how the classifier is asked.
        input: Script with exactly the pixels the classifier saw.
        target: Index of the class explained.
        size: Of all that a click loads, in words.
        runtime: Name, version and licence of what runs it.
        checked: Largest difference from PyTorch in a probability, and on how many inputs.
    """

    slug: str
    key: str
    model: str
    input: str
    target: int
    size: str
    runtime: str
    checked: str
