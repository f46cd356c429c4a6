"""The families of autoencoders: which terms of the loss they have, and with what weight by default.

| family | loss | default weights |
|---|---|---|
| ``vae`` | reconstruction + KL | |
| ``beta_vae`` | reconstruction + beta KL | beta 4 |
| ``factor_vae`` | reconstruction + KL + gamma TC | gamma 40 |
| ``ad_factor_vae`` | reconstruction + KL + gamma TC + lambda AD | gamma 40, lambda 1 |

KL is the divergence of the posterior from the standard normal prior, TC the total correlation of the
latents as a discriminator estimates it, AD the overlap of the attention of two latents. References: Kingma
and Welling, arXiv:1312.6114; Higgins et al., ICLR 2017; Kim and Mnih, arXiv:1802.05983; Liu et al.,
arXiv:1911.07389. Gamma 40 and lambda 1 are the defaults of the public reproduction of the fourth by
Brongers et al.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from gallery.errors import ConfigError
from gallery.registry import did_you_mean


@dataclass(frozen=True)
class Weights:
    """What the terms of the loss are multiplied by.

    Attributes:
        beta: Of the KL divergence.
        gamma: Of the total correlation; 0 for none, and then there is no discriminator.
        attention: Lambda, of the attention disentanglement loss; 0 for none.
    """

    beta: float = 1.0
    gamma: float = 0.0
    attention: float = 0.0


FAMILIES: Mapping[str, Weights] = {
    "vae": Weights(),
    "beta_vae": Weights(beta=4.0),
    "factor_vae": Weights(gamma=40.0),
    "ad_factor_vae": Weights(gamma=40.0, attention=1.0),
}


def weights_of(family: str, given: Mapping[str, float | None]) -> Weights:
    """Return the weights of a family, with those that are given in place of its defaults.

    Args:
        family: One of ``FAMILIES``.
        given: Weight -> value; None for the default.

    Raises:
        ConfigError: If the family is unknown, has no such term, or a weight is no positive number.
    """
    if family not in FAMILIES:
        raise ConfigError(f"family: unknown family {family!r}. {did_you_mean(family, list(FAMILIES))}")
    default = FAMILIES[family]
    plain = asdict(Weights())
    terms = [name for name, value in asdict(default).items() if value != plain[name]]
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        if name not in terms:
            has = ", ".join(terms) or "no weights"
            raise ConfigError(f"{name}: {family} has no such term (it has {has}). Leave {name} out.")
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} is {value}; give a number above 0.")
    return replace(default, **chosen)
