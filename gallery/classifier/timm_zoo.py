"""timm's pretrained networks: ``timm:<name>[.tag]``.

``<name>`` is timm's ("resnet18", "convnext_tiny"), with or without the tag that tells its sets of weights
apart ("resnet18.a1_in1k"; timm's default if left out). ``@random`` behind the name is the untrained network,
for tests and sanity checks. Inputs are made as timm states for the weights, at the training input size.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub
import timm
from timm.data.imagenet_info import infer_imagenet_subset

from gallery.classifier._architectures import build_timm, check_timm, seeded, suggestion, timm_preprocessing
from gallery.classifier._base import SOURCES, Facts, LoadedClassifier, Progress, finish
from gallery.classifier._download import cache_path, fetch, shown
from gallery.classifier._labels import imagenet_class_names, imagenet_subset_names
from gallery.classifier._weights import UNREADABLE, only_tensors
from gallery.errors import ClassifierError

LIBRARY = "R. Wightman, PyTorch Image Models, 2019, doi:10.5281/zenodo.4414861"
HOST = "https://huggingface.co"


@SOURCES.register("timm", title="timm (PyTorch Image Models)", reference=LIBRARY)
def timm_zoo(model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
    """Load a timm network; see the module and ``Source``."""
    name, at, suffix = model.partition("@")
    check_timm(name)
    if at:
        if suffix != "random":
            raise ClassifierError(f'timm:{model}: "@" is for "@random" only; weights are chosen by ".<tag>".')
        return _random(name)
    config = _config(name)
    path = _weights_file(config, progress)
    try:
        with only_tensors():
            # custom_load is for the weights' original files; what was fetched are timm's own conversions.
            overlay = {"file": str(path), "custom_load": False}
            module = seeded(lambda: timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay))
    except UNREADABLE as exc:
        raise ClassifierError(f"{shown(path)}: cannot be read ({exc}). Delete it and run again.") from exc
    full = f"{config['architecture']}.{config['tag']}" if config.get("tag") else name
    facts = Facts(
        id=f"timm:{model}",
        title=f"{full} (timm)",
        architecture=f"timm:{config['architecture']}",
        preprocessing=timm_preprocessing(name, module),
        class_names=_class_names(config),
        licence=config.get("license") or "not stated",
        paper=_paper(config),
        url=f"{HOST}/{config['hf_hub_id']}" if config.get("hf_hub_id") else config.get("origin_url", ""),
    )
    return finish(module, facts)


def _random(name: str) -> LoadedClassifier:
    architecture = build_timm(name)
    facts = Facts(
        id=f"timm:{name}@random",
        title=f"{name} (timm, random weights)",
        architecture=architecture.name,
        preprocessing=architecture.preprocessing,
        class_names=None,
        licence="none needed: random weights",
        paper=LIBRARY,
    )
    return finish(architecture.module, facts)


def _config(name: str) -> dict[str, Any]:
    """Return what timm knows about the weights ``name``.

    Raises:
        ClassifierError: If there are none, or they classify nothing.
    """
    found = timm.get_pretrained_cfg(name)
    if found is None or not found.has_weights:
        base = name.partition(".")[0]
        hint = suggestion(base, timm.list_models(pretrained=True), "timm.list_pretrained()")
        raise ClassifierError(
            f"timm publishes no weights for {name!r}. {hint} For the untrained network: '{name}@random'."
        )
    config: dict[str, Any] = found.to_dict()  # type: ignore[no-untyped-call]
    if not config["num_classes"]:
        known = timm.list_pretrained(f"{config['architecture']}.*")
        tags = [tag for tag in known if (cfg := timm.get_pretrained_cfg(tag)) and cfg.num_classes]
        hint = f"With classes: {', '.join(tags)}." if tags else "Choose another network."
        raise ClassifierError(f"timm:{name}: these weights are a feature extractor without classes. {hint}")
    return config


def _weights_file(config: dict[str, Any], progress: Progress | None) -> Path:
    """Return the file with the weights: the hub's own cached one, else torch hub's, fetched if need be.

    Raises:
        ClassifierError: If it cannot be fetched.
    """
    repository = config.get("hf_hub_id")
    if not repository:
        url = config["url"]
        return fetch(url, cache_path(Path(urlsplit(url).path).name), progress)
    repository, _, revision = repository.partition("@")
    file_name = config.get("hf_hub_filename") or "model.safetensors"
    cached = huggingface_hub.try_to_load_from_cache(repository, file_name, revision=revision or None)
    if isinstance(cached, str):
        return Path(cached)
    host = os.environ.get("HF_ENDPOINT", HOST).rstrip("/")
    url = f"{host}/{repository}/resolve/{revision or 'main'}/{file_name}"
    return fetch(url, cache_path(f"{repository.replace('/', '--')}--{file_name}"), progress)


def _class_names(config: dict[str, Any]) -> tuple[str, ...] | None:
    """Return ImageNet's names where the weights were trained on it, what timm lists otherwise, or None."""
    if config.get("label_names"):
        return tuple(config["label_names"])
    subset = infer_imagenet_subset(config)
    if subset == "imagenet-1k":
        return imagenet_class_names()
    return imagenet_subset_names(subset) if subset else None


def _paper(config: dict[str, Any]) -> str:
    ids = config.get("paper_ids") or ()
    parts = [config.get("paper_name") or "", *([ids] if isinstance(ids, str) else ids)]
    return "; ".join([", ".join(part for part in parts if part), LIBRARY]).removeprefix("; ")
