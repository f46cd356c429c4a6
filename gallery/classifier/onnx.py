"""A classifier as an ONNX file, for browsers: exported, and checked against the network it was made of.

Weights stay float32. Half-precision weights would halve the file, but move probabilities (by up to 0.006 for
EfficientNet-Lite0 on 200 masked photographs), so that an answer computed in the browser would contradict the
stored one beside it. ``TOLERANCE`` is half a unit of the last digit shown.
"""

import copy
import importlib
import importlib.metadata
import importlib.util
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.interfaces import Classifier
from gallery.perturbation import blur_kernel
from gallery.records import Float32, LiveModel, UInt8

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
OPSET = 18
INPUT, OUTPUT = "image", "logits"
TOLERANCE = 5e-5
"""Largest absolute difference of a probability between the exported classifier and PyTorch."""
LARGEST = 2**27
"""Weights (512 MiB as float32): browsers refuse larger files, and nobody waits for them."""


def require_export() -> None:
    """Check that the packages of the extra ``live`` are there.

    Raises:
        ClassifierError: If one is missing; the message says what to install.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ClassifierError(
            f"live = true exports the classifier, which needs {', '.join(missing)}: not installed. "
            "Install the extra (pip install 'explanation-gallery[live]'), or take live = true out of the "
            "manifest."
        )


def export_onnx(classifier: Classifier) -> LiveModel:
    """Return ``classifier`` as an ONNX file without names or paths of this machine.

    Args:
        classifier: Left as found; exported from a copy on the CPU.

    Raises:
        ClassifierError: If packages are missing, the classifier is too large for a browser, or it uses
            something that ONNX cannot say.

    Cost:
        Seconds (4 for EfficientNet-Lite0), and about four times the size of the weights in memory.
    """
    require_export()
    card = classifier.card
    if card.n_parameters > LARGEST:
        raise ClassifierError(
            f"{card.id}: {4 * card.n_parameters / 2**20:.0f} MiB of weights are too much for a browser; "
            f"live = true takes classifiers of up to {4 * LARGEST // 2**20} MiB."
        )
    network = copy.deepcopy(classifier.module).to("cpu").to(memory_format=torch.contiguous_format)
    size = card.preprocessing.size
    try:
        program = torch.onnx.export(
            network,
            (torch.zeros(1, 3, *size),),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
        )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise ClassifierError(
            f"{card.id}: cannot be exported to ONNX ({reason}). Take live = true out of the manifest, or "
            "choose a classifier of standard layers."
        ) from error
    proto = program.model_proto  # type: ignore[union-attr]  # None only without dynamo
    _anonymise(proto)
    content = np.frombuffer(proto.SerializeToString(deterministic=True), dtype=np.uint8)
    versions = {name: importlib.metadata.version(name) for name in ("torch", *PACKAGES)}
    return LiveModel(content, blur_kernel(min(size)), versions)


def _anonymise(proto: Any) -> None:  # noqa: ANN401  # protobuf is untyped
    """Remove what the exporter notes about source code: file names of this machine among it."""
    proto.doc_string = proto.graph.doc_string = ""
    del proto.metadata_props[:]
    for holder in (proto.graph, *proto.functions):
        del holder.metadata_props[:]
        for item in (*holder.node, *holder.value_info):
            item.doc_string = ""
            del item.metadata_props[:]
    for item in (*proto.graph.initializer, *proto.graph.input, *proto.graph.output):
        item.doc_string = ""
        del item.metadata_props[:]


class Comparison:
    """An exported classifier beside the network it was made of, both on the CPU."""

    def __init__(self, exported: UInt8, classifier: Classifier) -> None:
        """Load both.

        Raises:
            ClassifierError: If packages are missing, or the file cannot be loaded.
        """
        require_export()
        onnxruntime: Any = importlib.import_module("onnxruntime")  # an optional package
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._name = classifier.card.id
        self._network: nn.Module = copy.deepcopy(classifier.module).to("cpu").eval()
        try:
            self._session = onnxruntime.InferenceSession(
                exported.tobytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own kinds of error share no other base
            reason = str(error).strip().splitlines()[0][:200]
            raise ClassifierError(
                f"{self._name}: its ONNX file cannot be loaded ({reason}). Install versions of onnx and "
                "onnxruntime that this package was tested with."
            ) from error

    def difference(self, inputs: Tensor) -> float:
        """Return the largest absolute difference of a probability, over all classes and inputs.

        Args:
            inputs: (B, 3, H, W) float32, normalised; passed one by one, as a browser does.

        Raises:
            ClassifierError: If it is larger than ``TOLERANCE``, or not a number.
        """
        with torch.inference_mode():
            pairs = [
                (self._network(x[None]).softmax(1).numpy(), self._exported(x[None].numpy())) for x in inputs
            ]
        found = max((float(np.abs(ours - theirs).max()) for ours, theirs in pairs), default=0.0)
        if not found <= TOLERANCE:
            raise ClassifierError(
                f"{self._name}: the exported classifier differs from PyTorch by {found:.2g} in a "
                f"probability; at most {TOLERANCE:g} is allowed. Take live = true out of the manifest, or "
                "install other versions of onnx, onnxscript and torch."
            )
        return found

    def _exported(self, x: Float32) -> Float32:
        logits: Float32 = self._session.run([OUTPUT], {INPUT: x})[0]
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Float32 = shifted / shifted.sum(axis=1, keepdims=True)
        return result
