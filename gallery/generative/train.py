"""Training: seeded, with progress, and resumable at the bit.

Everything random (pictures drawn, noise, pairs of latents, shuffles) comes from one generator on the CPU
whose state is part of the checkpoint, so a run that was stopped and continued ends with the same bytes as
one that was not, on the CPU of the same kind of machine with the same number of threads. A GPU sees the same
pictures and noise, but adds in no fixed order. Pictures are drawn with replacement, so there are no epochs to
come back to.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from gallery.errors import TrainingError
from gallery.generative import checkpoint
from gallery.generative.attention import NormalLatents, aggregate
from gallery.generative.checkpoint import Head
from gallery.generative.data import Pictures, UInt8
from gallery.generative.model import ConvVAE, Discriminator, build
from gallery.generative.objective import TERMS, Networks, autoencoder_loss, discrimination_loss
from gallery.generative.settings import TrainSettings
from gallery.locks import locked
from gallery.store.store import write_atomic
from gallery.tensors import derive_seed, generator

MODEL, STATE, LOG = "model.safetensors", "state.safetensors", "log.csv"
LOG_EVERY = 10
"""Steps between lines of the log; the last step of a run is no exception, so that runs can be lengthened."""
N_NORMAL = 4096
"""Training pictures the moments of the normal latents are taken over, at most, evenly spaced."""
_ENCODED_AT_ONCE = 256
Tell = Callable[[int, Mapping[str, float]], None]
"""Is told the number of steps done and the last losses, after every step."""


class Trainer:
    """A training run: its networks, optimisers, random state and history."""

    def __init__(self, settings: TrainSettings, pictures: Pictures, device: str = "cpu") -> None:
        """Start a run at step 0.

        Raises:
            TrainingError: If there are no pictures, or of another size.
        """
        if len(pictures) < 1 or pictures.size != settings.size:
            raise TrainingError(
                f"{settings.data}: {len(pictures)} training pictures of {pictures.size} px; at least one of "
                f"{settings.size} px is needed."
            )
        self.settings, self.pictures, self.device = settings, pictures, device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(settings.seed, "weights"))
            vae = build(settings, pictures.channels)
            judge = (
                Discriminator(settings.latents, settings.discriminator_width)
                if settings.weights.gamma
                else None
            )
        self.networks = Networks(vae.to(device), judge.to(device) if judge is not None else None)
        self.optimisers = {"vae": Adam(vae.parameters(), settings.learning_rate)}
        if judge is not None:  # moments as in public re-implementations
            self.optimisers["discriminator"] = Adam(
                judge.parameters(), settings.discriminator_rate, betas=(0.5, 0.9)
            )
        self.rng = generator(derive_seed(settings.seed, "training"))
        self.step = 0
        self.history: list[list[float]] = []

    def advance(self) -> dict[str, float]:
        """Do one step and return its losses.

        Raises:
            TrainingError: If a loss is not finite; this step is not saved.
        """
        s = self.settings
        pictures, noise = self._draw()
        pair = torch.randperm(s.latents, generator=self.rng)[:2].tolist()
        terms = autoencoder_loss(self.networks, pictures, noise, pair, s)
        self._descend("vae", terms["total"])
        if self.networks.discriminator is not None:
            judged = discrimination_loss(
                self.networks.vae, self.networks.discriminator, *self._draw(), self.rng
            )
            self._descend("discriminator", judged)
            terms["discriminator"] = judged
        self.step += 1
        losses = {name: float(terms[name].detach()) if name in terms else 0.0 for name in TERMS}
        if self.step % LOG_EVERY == 0:
            self.history.append([float(self.step), *losses.values()])
        return losses

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Return a batch of pictures, (B, C, H, W) float32, and noise for them, (B, D)."""
        s = self.settings
        indices = torch.randint(len(self.pictures), (s.batch,), generator=self.rng)
        noise = torch.randn(s.batch, s.latents, generator=self.rng)
        return as_floats(self.pictures.take(indices.numpy()), self.device), noise.to(self.device)

    def _descend(self, name: str, loss: Tensor) -> None:
        """Take one step of one optimiser; only its own parameters receive gradients.

        Raises:
            TrainingError: If the loss is not finite.
        """
        if not bool(torch.isfinite(loss)):
            raise TrainingError(
                f"step {self.step + 1}: the loss of the {name} is not finite. Start again with a smaller "
                f"--learning-rate than {self.settings.learning_rate:g}, or smaller weights."
            )
        optimiser = self.optimisers[name]
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.grad = gradient
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    def head(self) -> Head:
        """Return what checkpoints of this moment say about themselves."""
        return Head(
            self.settings, self.step, self.pictures.channels, self.pictures.digest, checkpoint.torch_version()
        )

    def save(self, folder: Path) -> None:
        """Write the state, and the log as a table; the model is written when training ends."""
        tensors = checkpoint.prefixed("vae", self.networks.vae.state_dict())
        if self.networks.discriminator is not None:
            tensors |= checkpoint.prefixed("discriminator", self.networks.discriminator.state_dict())
        for name, optimiser in self.optimisers.items():
            tensors |= checkpoint.prefixed(f"optimiser-{name}", checkpoint.optimiser_tensors(optimiser))
        tensors["rng"] = self.rng.get_state()
        shape = (len(self.history), 1 + len(TERMS))
        tensors["history"] = torch.tensor(self.history, dtype=torch.float64).reshape(shape)
        checkpoint.write(folder / STATE, self.head(), tensors)
        write_atomic(folder / LOG, self._table().encode())

    def _table(self) -> str:
        lines = [",".join(("step", *TERMS))]
        lines += [",".join((str(int(step)), *(f"{x:.6g}" for x in row))) for step, *row in self.history]
        return "\n".join(lines) + "\n"

    def resume(self, folder: Path) -> None:
        """Go on from a saved state.

        Raises:
            TrainingError: If it is damaged, or of other settings or pictures.
        """
        path = folder / STATE
        head, tensors = checkpoint.read(path)
        self._check(path, head)
        checkpoint.restore_network(path, self.networks.vae, checkpoint.below("vae", tensors))
        if self.networks.discriminator is not None:
            judge = checkpoint.below("discriminator", tensors)
            checkpoint.restore_network(path, self.networks.discriminator, judge)
        for name, optimiser in self.optimisers.items():
            checkpoint.restore_optimiser(path, optimiser, checkpoint.below(f"optimiser-{name}", tensors))
        try:
            self.rng.set_state(tensors["rng"])
            self.history = tensors["history"].tolist()
        except (KeyError, RuntimeError, TypeError) as error:
            raise TrainingError(f"{path}: its random state or history is damaged ({error}).") from error
        self.step = head.step

    def _check(self, path: Path, head: Head) -> None:
        """Check that a saved state is the beginning of this run."""
        mine, theirs = self.settings.as_json(), head.settings.as_json()
        differ = [f"{k} {theirs[k]!r} -> {mine[k]!r}" for k in mine if k != "steps" and mine[k] != theirs[k]]
        if head.pictures != self.pictures.digest:
            differ.append("the training pictures")
        if differ:
            raise TrainingError(
                f"{path}: belongs to a run with other settings ({'; '.join(differ)}). Give the "
                "same, another --out, or --restart to begin anew."
            )
        if head.step > self.settings.steps:
            raise TrainingError(
                f"{path}: is {head.step} steps on already; steps is {self.settings.steps}. Give at least "
                f"{head.step}, or --restart to begin anew."
            )

    def finish(self, folder: Path) -> None:
        """Write the model with the moments of the normal latents."""
        normal = normal_latents(self.networks.vae, self.pictures, self.device)
        tensors = checkpoint.prefixed("vae", self.networks.vae.state_dict())
        checkpoint.write(
            folder / MODEL, self.head(), {**tensors, **checkpoint.prefixed("normal", asdict(normal))}
        )


def train(
    trainer: Trainer, folder: Path, tell: Tell, *, save_every: int = 500, restart: bool = False
) -> None:
    """Train to the end, going on from what ``folder`` holds.

    Args:
        trainer: At step 0.
        folder: Receives ``STATE``, ``LOG`` and, at the end, ``MODEL``.
        tell: Is told about every step.
        save_every: Steps between checkpoints; an interrupted run loses at most those since the last one.
        restart: Begin anew whatever is there.

    Raises:
        BusyError: If another process trains in this folder.
        TrainingError: If what is there cannot be continued, or training diverges.
        StoreError: If a file cannot be written.
    """
    with locked(folder / "lock", "gallery vae train"):
        if (folder / STATE).exists() and not restart:
            trainer.resume(folder)
        while trainer.step < trainer.settings.steps:
            losses = trainer.advance()
            if trainer.step % save_every == 0 or trainer.step == trainer.settings.steps:
                trainer.save(folder)
            tell(trainer.step, losses)
        trainer.finish(folder)


def load_model(path: Path, device: str = "cpu") -> tuple[Head, ConvVAE, NormalLatents]:
    """Return a trained autoencoder in evaluation mode, frozen, with the moments of its normal latents.

    Raises:
        TrainingError: If the file is missing, damaged or none of ours.
    """
    head, tensors = checkpoint.read(path)
    return head, *restored(head, tensors, str(path), device)


def restored(
    head: Head, tensors: Mapping[str, Tensor], where: str, device: str = "cpu"
) -> tuple[ConvVAE, NormalLatents]:
    """Return what ``load_model`` returns, of a checkpoint that has been read; ``where`` is for messages.

    Raises:
        TrainingError: If it is not of a finished run.
    """
    model = build(head.settings, head.channels)
    checkpoint.restore_network(where, model, checkpoint.below("vae", tensors))
    moments = checkpoint.below("normal", tensors)
    if set(moments) != {"mean", "variance"}:
        raise TrainingError(f"{where}: holds no moments of the normal latents. Name the file {MODEL}.")
    normal = NormalLatents(**{name: tensor.to(device) for name, tensor in moments.items()})
    return model.to(device).eval().requires_grad_(requires_grad=False), normal


@torch.no_grad()
def normal_latents(model: ConvVAE, pictures: Pictures, device: str) -> NormalLatents:
    """Return the moments of the latents of up to ``N_NORMAL`` training pictures."""
    n = min(len(pictures), N_NORMAL)
    indices = np.arange(n) * len(pictures) // n
    encoded = [
        model.encode(as_floats(pictures.take(indices[start : start + _ENCODED_AT_ONCE]), device))
        for start in range(0, n, _ENCODED_AT_ONCE)
    ]
    means, log_variances = (torch.cat(list(part)).cpu() for part in zip(*encoded, strict=True))
    return aggregate(means, log_variances)


def as_floats(pictures: UInt8, device: str) -> Tensor:
    """Return (B, C, H, W) uint8 pixels as float32 in [0, 1] on a device."""
    return torch.from_numpy(pictures).to(device).float() / 255
