"""Trained variational autoencoders: what they are, the anomalies they find, and what their latents do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gallery.records.arrays import Bool, Float32, UInt8


@dataclass(frozen=True)
class VaeModel:
    """A trained autoencoder.

    Attributes:
        file: As the manifest names it.
        sha256: Of the file.
        slug: Names it in addresses.
        source: Of the data, such as "textures".
        title: Of the data.
        origin: Of the data: where from, licence, how they were divided.
        settings: Of the training, as the checkpoint states them, without where the data lay.
        steps: Of the training.
        torch: Version that trained it.
        n_train: Training pictures.
        pictures: Digest of the training pictures.
    """

    file: str
    sha256: str
    slug: str
    source: str
    title: str
    origin: str
    settings: Mapping[str, Any]
    steps: int
    torch: str
    n_train: int
    pictures: str

    @property
    def family(self) -> str:
        """Which terms its loss has."""
        return str(self.settings["family"])


@dataclass(frozen=True)
class VaeMethod:
    """A way to make anomaly maps.

    Attributes:
        name: Registered name.
        title: As printed.
        text: What the map is, a sentence without its full stop.
        unit: Of the map.
        is_baseline: Whether it does without attention.
    """

    name: str
    title: str
    text: str
    unit: str
    is_baseline: bool


@dataclass(frozen=True)
class VaeScores:
    """How well the maps of one method agree with what is known of the test pictures; higher is better.

    Attributes:
        method: Registered name.
        pixel_auroc: Chance that an anomalous pixel scores above a normal one.
        iou: At ``threshold``.
        threshold: Chosen on validation, in the unit of the maps.
        optimistic_iou: At the best of 99 thresholds on the test pictures themselves.
        pixel_by_kind: Kind of defect -> ``pixel_auroc`` over its pictures.
        image_auroc: Of whole pictures, by the largest value of their map.
        image_by_kind: Kind of defect -> ``image_auroc`` against the normal pictures.
        high: Value that pages draw in the last colour, the same for all pictures.
        highest: Largest value in any map.

    Those that need masks are None where there are none.
    """

    method: str
    pixel_auroc: float | None
    iou: float | None
    threshold: float | None
    optimistic_iou: float | None
    pixel_by_kind: Mapping[str, float] | None
    image_auroc: float
    image_by_kind: Mapping[str, float]
    high: float
    highest: float


@dataclass(frozen=True)
class VaeExample:
    """A test picture.

    Attributes:
        name: Of the picture.
        kind: Of its defect.
        place: In the order of the pictures of its kind by score, from 1.
        picture: (C, H, W).
        reconstruction: (C, H, W), from the posterior mean.
        mask: (H, W), True where the defect is; None if that is not known.
        maps: Method -> (H, W), not normalised.
    """

    name: str
    kind: str
    place: int
    picture: UInt8
    reconstruction: UInt8
    mask: Bool | None
    maps: Mapping[str, Float32]


@dataclass(frozen=True)
class VaeAnomalies:
    """Anomaly maps of a data set.

    Attributes:
        methods: In the order of ``scores``.
        scores: One per method.
        ranked_by: Method whose score of whole pictures chose the examples.
        n_of_kind: Kind -> test pictures; normal ones first.
        n_validation: Pictures that chose thresholds.
        examples: By kind as in ``n_of_kind``, within a kind by score.
    """

    methods: tuple[VaeMethod, ...]
    scores: tuple[VaeScores, ...]
    ranked_by: str
    n_of_kind: Mapping[str, int]
    n_validation: int
    examples: tuple[VaeExample, ...]


@dataclass(frozen=True)
class VaeLatent:
    """One latent of one picture.

    Attributes:
        latent: Which, from 0.
        here: Its posterior mean.
        divergence: Of its posterior from the prior, nats.
        change: Range of a pixel over ``pictures``, mean over the pixels, in [0, 1].
        pictures: (V, C, H, W), decoded.
        attention: (H, W), in the picture itself, not normalised.
    """

    latent: int
    here: float
    divergence: float
    change: float
    pictures: UInt8
    attention: Float32


@dataclass(frozen=True)
class VaeTraversal:
    """The latents of one picture that change most, most first.

    Attributes:
        name: Of the picture.
        picture: (C, H, W).
        reconstruction: (C, H, W).
        values: What latents were set to.
        latents: Those shown.
    """

    name: str
    picture: UInt8
    reconstruction: UInt8
    values: tuple[float, ...]
    latents: tuple[VaeLatent, ...]


@dataclass(frozen=True)
class VaeResult:
    """All that is shown of one autoencoder; ``anomalies`` is None where its data have none."""

    model: VaeModel
    anomalies: VaeAnomalies | None
    traversals: tuple[VaeTraversal, ...]


@dataclass(frozen=True)
class SeedInterval:
    """A mean over seeds with its 95 % limits by Student's t; None for fewer than two seeds."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class DisentanglementRun:
    """One training, judged by majority vote.

    Attributes:
        family: Of the autoencoder.
        seed: Of the training.
        accuracy: On further votes, in [0, 1].
        training_accuracy: On the votes the table was made from.
        n_active: Latents that hold enough to vote.
    """

    family: str
    seed: int
    accuracy: float
    training_accuracy: float
    n_active: int


@dataclass(frozen=True)
class Disentanglement:
    """Disentanglement measured elsewhere, seed for seed.

    Attributes:
        file: As the manifest names it.
        sha256: Of the file.
        steps: Of every training.
        families: Two, the second compared with the first.
        runs: By family, then by seed; the same seeds for both.
        accuracy: Family -> mean over seeds.
        difference: Second family less the first, mean over seeds.
        settings: Family -> settings of its trainings, but the seed.
        n_votes: Behind every accuracy.
        torch: Version that trained and measured.
        device: That did.
    """

    file: str
    sha256: str
    steps: int
    families: tuple[str, str]
    runs: tuple[DisentanglementRun, ...]
    accuracy: Mapping[str, SeedInterval]
    difference: SeedInterval
    settings: Mapping[str, Mapping[str, Any]]
    n_votes: int
    torch: str
    device: str

    def of(self, family: str) -> tuple[DisentanglementRun, ...]:
        """Return the runs of one family, by seed."""
        return tuple(run for run in self.runs if run.family == family)


@dataclass(frozen=True)
class GenerativeResults:
    """What a set shows of generative models."""

    models: tuple[VaeResult, ...] = ()
    disentanglement: tuple[Disentanglement, ...] = ()
