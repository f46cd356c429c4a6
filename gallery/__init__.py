"""Explanation Gallery: build browsable, citable galleries of image-classifier explanations.

Importing the package is cheap: nothing heavier than the standard library is loaded.
"""

__version__ = "0.1.0"
