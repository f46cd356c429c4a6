r"""Average the target logit's gradient over noisy copies of the image.

$$S_{ij} = \sum_c \bigg| \frac{1}{N} \sum_{k=1}^{N}
\frac{\partial f(x + \varepsilon_k)}{\partial x_{cij}} \bigg|,
\qquad \varepsilon_k \sim N\big(0, \, \sigma^2 (\max x - \min x)^2\big)$$

$f$ is the target's logit and $x$ the normalised image. The gradient of a deep network changes wildly from
pixel to pixel and under changes nobody can see; its average over noise keeps what these have in common. The
*signed* gradients are averaged, and their size is taken afterwards and added up over the three colour
channels, as in the authors' code. The average is captum's `NoiseTunnel` over `Saliency`, whose noise comes
from the global CPU generator, set to the printed seed: `torch.normal` for 10 copies at a time.

Pitfalls: the map shows where a small change would move the logit most, which is not the same as what the
logit is made of. The size of the gradient says nothing about for or against.

Differs from captum's defaults: `Saliency` takes the absolute value of every single gradient, and the average
then shows how noisy the gradient is and not what is left of it after smoothing. Differs from the authors'
code: large values are not cut off at the 99th percentile.
"""

from captum.attr import NoiseTunnel, Saliency
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._patches import seeded
from gallery.tensors import left_as_found

BATCH = 10
"""Noisy copies that are differentiated together; another number gives other noise for the same seed."""


@HEATMAPS.register(
    "smoothgrad",
    title="SmoothGrad",
    reference="Smilkov et al., SmoothGrad: removing noise by adding noise, 2017, arXiv:1706.03825, section 3",
    is_seeded=True,
)
def smoothgrad(subject: Subject, *, n_samples: int = 50, sigma: float = 0.15) -> RawMap:
    """Return the size of the mean gradient of the target's logit over noisy copies.

    Args:
        subject: What to explain.
        n_samples: N >= 1 noisy copies; the paper sees little change beyond 50.
        sigma: Standard deviation of the noise as a share of the range of the normalised image's values,
            >= 0; the paper takes 0.1 to 0.2.

    Returns:
        (H, W) float32, >= 0, in logits per unit of the normalised input.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_samples`` images forward and backward in float32; memory for the activations of ``BATCH``.
    """
    if n_samples < 1 or sigma < 0:
        raise ConfigError("methods.smoothgrad: needs n_samples >= 1 and sigma >= 0.")
    module, target, device = subject.classifier.module, subject.target, subject.image.device

    def logit(images: Tensor) -> Tensor:
        logits: Tensor = module(images.to(device))
        return logits[:, target]

    # The noise is drawn where the image lies: on the CPU, so that every device gets the same.
    image = subject.image.detach().cpu()
    with left_as_found(module), seeded(subject.seed):
        mean = NoiseTunnel(Saliency(logit)).attribute(
            image,
            nt_type="smoothgrad",
            nt_samples=n_samples,
            nt_samples_batch_size=BATCH,
            stdevs=sigma * float(image.max() - image.min()),
            abs=False,
        )
    native = mean[0].detach().abs().sum(dim=0).float()
    return RawMap(native, forwards=n_samples, backwards=n_samples, seeded=True)
