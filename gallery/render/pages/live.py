"""Pages with ``live = true``: what a browser needs to run the classifiers, and what the pages say of it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gallery.errors import RenderError
from gallery.records import Catalogue, ImageResult, LiveCheck, LiveModel, MaskModel, UInt8
from gallery.render.documents.live import input_script, model_script, pack, part_scripts
from gallery.render.pages import wording
from gallery.render.pages.contexts import ImagePage
from gallery.render.pages.live_parts import LiveView
from gallery.render.pages.output import Output

FOLDER = "live"
START = "assets/live.js"
"""The one script that image pages load for it before a click; it marks them, too."""


@dataclasses.dataclass(frozen=True)
class LiveKit:
    """What pages with live classifiers are made of, besides the results.

    Attributes:
        runtime: Name, version and licence of what runs a classifier in browsers, as printed.
        script: Its plain script.
        wasm: Its WebAssembly.
        models: Slug -> exported classifier.
        checks: Slug -> comparison with PyTorch, over the whole set.
    """

    runtime: str
    script: bytes
    wasm: bytes
    models: Mapping[str, LiveModel]
    checks: Mapping[str, LiveCheck]


class LivePages:
    """Writes the files of the live classifiers once, and completes image pages."""

    def __init__(self, kit: LiveKit, catalogue: Catalogue, mask_model: MaskModel, output: Output) -> None:
        """Write the runtime and every classifier.

        Raises:
            RenderError: If a classifier of the catalogue is not in the kit.
        """
        self._kit = kit
        self._output = output
        self._cards = {card.slug: card for card in catalogue.classifiers}
        output.write(f"{FOLDER}/runtime.js", kit.script)
        content = np.frombuffer(kit.wasm, dtype=np.uint8)
        runtime, wasm = [f"{FOLDER}/runtime"], self._write_packed(f"{FOLDER}/wasm", content)
        self._bytes: dict[str, int] = {}
        for slug, card in self._cards.items():
            if slug not in kit.models:
                raise RenderError(f"live = true: classifier {card.id} has not been exported.")
            parts = self._write_packed(f"{FOLDER}/{slug}/model", kit.models[slug].onnx)
            files = {"runtime": runtime, "wasm": wasm, "model": parts}
            output.write(_model(slug), model_script(card, kit.models[slug], mask_model, files))
            loaded = [_model(slug), *(f"{name}.js" for names in files.values() for name in names)]
            self._bytes[slug] = sum(map(output.size, loaded))

    def complete(self, page: ImagePage, results: Sequence[ImageResult]) -> ImagePage:
        """Return ``page`` with its live classifiers; writes exactly what they saw of the photograph.

        Raises:
            RenderError: If a stored input does not belong to the classifier's preprocessing.
        """
        pairs = zip(page.sections, results, strict=True)
        sections = tuple(dataclasses.replace(one, live=self._view(result)) for one, result in pairs)
        head = dataclasses.replace(page.head, assets=(*page.head.assets, START))
        return dataclasses.replace(page, sections=sections, head=head)

    def _view(self, result: ImageResult) -> LiveView:
        slug, key = result.classifier, f"i/{result.image.id}/{result.classifier}"
        path = f"{key}/input.js"
        script = input_script(key, result.inputs, self._cards[slug].preprocessing)
        self._output.write(path, script)
        check = self._kit.checks[slug]
        return LiveView(
            slug=slug,
            key=key,
            model=_model(slug),
            input=path,
            target=result.prediction.target,
            size=f"{(self._bytes[slug] + len(script)) / 1e6:.1f} MB",
            runtime=self._kit.runtime,
            checked=f"{check.difference:.1g} in a probability, on {wording.count(check.n_inputs, 'input')}",
        )

    def _write_packed(self, name: str, content: UInt8) -> list[str]:
        packed = self._output.draw(("packed", content), lambda: pack(content.tobytes()))
        parts = part_scripts(name, packed)
        for part, script in parts:
            self._output.write(f"{part}.js", script)
        return [part for part, _ in parts]


def _model(slug: str) -> str:
    return f"{FOLDER}/{slug}/model.js"
