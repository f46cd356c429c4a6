"""Remove patches from a vision transformer by leaving out their tokens, with nothing painted in their place.

A baseline shows the classifier a picture it has never seen: a hole of grey or blur is evidence too. A vision
transformer need not be shown one. Its tokens get their place from a position embedding; those of removed
patches can be left out behind it, and what follows runs on the tokens that stay: nothing attends to the
removed ones, and nothing pools them (Jain et al., Missingness Bias in Model Debugging, ICLR 2022,
arXiv:2204.08945, section 4). A small patch set is also a short sequence, and cheap.

The tokens are gathered by a hook on a module of the network's own, behind which the network's own code runs:
timm's ``patch_drop`` (there for the same purpose in training), torchvision's ``encoder.dropout``. Passes hold
masks that keep equally many patches, so that no padding and no attention mask is needed; what a mask is
answered then depends on nothing but itself.

Soft masks (deletion curves, RISE, I-GOS) say how much of a pixel is kept. Tokens cannot be kept by half, so
soft masks use the baseline under this mask model too.

With no patch kept, the class, distillation and register tokens run alone. Where the head pools over the
patches there is then nothing to pool, and the empty set is answered by the baseline image.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torchvision.models import VisionTransformer as TorchvisionTransformer

from gallery.errors import ClassifierError, ConfigError
from gallery.interfaces import Classifier
from gallery.layouts import Tokens, find_tokens
from gallery.perturbation import bits_of
from gallery.records import MaskModel

MOST_ROWS = 16
"""Largest grid a manifest may ask for, per side."""


@dataclass(frozen=True)
class TokenDropping:
    """How the patches of one grid are left out of one network.

    Attributes:
        gate: Dotted path of the module that hands all tokens, positions added, to the blocks.
        prefix: Tokens before the patches; they always stay.
        patch_of_token: (h * w,) int64, the patch each patch token belongs to.
        needs_patches: Whether the network can answer nothing without a patch.
    """

    gate: str
    prefix: int
    patch_of_token: Tensor
    needs_patches: bool

    def kept(self, masks: Sequence[int], n_cells: int) -> Tensor:
        """Return the positions of the tokens that stay, (B, n) int64, ascending.

        Args:
            masks: Bit masks that keep equally many patches.
            n_cells: Number of patches.
        """
        stays = bits_of(list(masks), n_cells)[:, self.patch_of_token] > 0
        always = torch.ones(len(stays), self.prefix, dtype=torch.bool)
        return torch.cat([always, stays], dim=1).nonzero()[:, 1].reshape(len(stays), -1)

    @contextmanager
    def only(self, network: nn.Module, kept: Tensor) -> Iterator[None]:
        """Have ``network`` run on the tokens ``kept`` alone, (B, n) int64; it is put back, also on error.

        Args:
            network: With the same modules as the one this was made for.
            kept: As from ``kept``, one row for each image of the pass, on the network's device.
        """
        n_tokens = self.prefix + len(self.patch_of_token)

        def gather(_: nn.Module, __: object, tokens: object) -> Tensor:
            if not isinstance(tokens, Tensor) or tokens.shape[:2] != (len(kept), n_tokens):
                raise ClassifierError(
                    f"{self.gate}: expected {n_tokens} tokens for each of {len(kept)} images."
                )
            return tokens.gather(1, kept[:, :, None].expand(-1, -1, tokens.shape[2]))

        handle = network.get_submodule(self.gate).register_forward_hook(gather)
        try:
            yield
        finally:
            handle.remove()


def token_dropping(classifier: Classifier, mask_model: MaskModel) -> TokenDropping:
    """Return how patches are left out of ``classifier``.

    Args:
        classifier: A vision transformer of timm (ViT, DeiT) or torchvision.
        mask_model: A grid whose patches are whole tokens.

    Raises:
        ConfigError: If the classifier has no tokens to drop, or the grid does not divide them; the message
            names the grids that do.
    """
    key, name = "perturbation.removal", classifier.card.id
    if mask_model.partition != "grid":
        raise ConfigError(f'{key}: "drop_tokens" needs partition = "grid": superpixels are not whole tokens.')
    tokens = find_tokens(classifier.module, classifier.card.preprocessing.size)
    gate = _gate(classifier.module, tokens) if tokens else None
    if tokens is None or gate is None:
        raise ConfigError(
            f'{key}: "drop_tokens" needs a vision transformer of timm or torchvision (ViT, DeiT) whose '
            f'attention knows no positions; {name} is none. Set removal = "baseline".'
        )
    (h, w), (rows, cols) = tokens.grid, (mask_model.rows, mask_model.cols)
    if h % rows or w % cols:
        raise ConfigError(
            f'{key}: "drop_tokens" needs patches of whole tokens; {name} has {h} x {w} of them, which '
            f"{rows} x {cols} patches do not divide. Rows may be {_divisors(h)}; columns {_divisors(w)}."
        )
    down, across = torch.arange(h) // (h // rows), torch.arange(w) // (w // cols)
    pools_patches = not tokens.read and not (tokens.pools_prefix and tokens.prefix)
    patch_of_token = (down[:, None] * cols + across).flatten()
    return TokenDropping(gate, tokens.prefix, patch_of_token, needs_patches=pools_patches)


def _gate(network: nn.Module, tokens: Tokens) -> str | None:
    """Return the path of the module whose output goes to the blocks as it is, or None if tokens must stay.

    Attention with relative positions (BEiT, EVA, relpos) is made for the full grid.
    """
    transformer = network.get_submodule(tokens.path)
    dot = f"{tokens.path}." if tokens.path else ""
    if isinstance(transformer, TorchvisionTransformer):
        return f"{dot}encoder.dropout"
    return f"{dot}patch_drop" if isinstance(transformer, VisionTransformer) else None


def _divisors(n: int) -> str:
    """Return the divisors of ``n`` up to ``MOST_ROWS``, in words."""
    found = [str(k) for k in range(1, min(n, MOST_ROWS) + 1) if n % k == 0]
    return " or ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else found[0]
