"""What crosses from stage to stage: frozen records of numpy arrays, numbers and text, never tensors.

Legend of shape letters used in the whole package: B batch, C channels, H, W image height and width in
pixels, h, w height and width of a map at its own resolution, K classes, R x S patch grid (rows x columns).
Sizes are always (height, width). A patch set is an ``int`` bit mask: bit ``row * S + col`` set = kept; with
superpixels, bit ``segment``.
"""

from gallery.records.arrays import Bool, Float32, Int16, UInt8
from gallery.records.classifiers import ClassifierCard, Prediction, Preprocessing, TopClass
from gallery.records.concepts import (
    ConceptAttempt,
    ConceptImage,
    ConceptMap,
    ConceptNetwork,
    ConceptQuality,
    ConceptResult,
    ConceptViews,
)
from gallery.records.explanations import (
    Agreement,
    CrossTest,
    DeletionSet,
    Explanation,
    Interaction,
    Necessity,
    Question,
    QuestionKind,
    QuestionSet,
    Robustness,
    SearchResult,
    SweepRow,
    WhatIf,
)
from gallery.records.generative import (
    Disentanglement,
    DisentanglementRun,
    GenerativeResults,
    SeedInterval,
    VaeAnomalies,
    VaeExample,
    VaeLatent,
    VaeMethod,
    VaeModel,
    VaeResult,
    VaeScores,
    VaeTraversal,
)
from gallery.records.graphs import AttentionGraph, GraphLink, GraphNode
from gallery.records.heatmaps import Heatmap, HeatmapPart, Measurement
from gallery.records.images import Credit, Failure, ImageCard, ImageRecord, ModelInput, Quadrant
from gallery.records.live import LiveCheck, LiveModel
from gallery.records.patches import MaskModel, Minimality, cells_of, mask_of
from gallery.records.prompts import Change, Prompted, PromptedMap, PromptedMse, Prompts, Shares
from gallery.records.results import Catalogue, ImageResult, MeasureCard, MethodCard
from gallery.records.scores import StoredScores

__all__ = [
    "Agreement",
    "AttentionGraph",
    "Bool",
    "Catalogue",
    "Change",
    "ClassifierCard",
    "ConceptAttempt",
    "ConceptImage",
    "ConceptMap",
    "ConceptNetwork",
    "ConceptQuality",
    "ConceptResult",
    "ConceptViews",
    "Credit",
    "CrossTest",
    "DeletionSet",
    "Disentanglement",
    "DisentanglementRun",
    "Explanation",
    "Failure",
    "Float32",
    "GenerativeResults",
    "GraphLink",
    "GraphNode",
    "Heatmap",
    "HeatmapPart",
    "ImageCard",
    "ImageRecord",
    "ImageResult",
    "Int16",
    "Interaction",
    "LiveCheck",
    "LiveModel",
    "MaskModel",
    "MeasureCard",
    "Measurement",
    "MethodCard",
    "Minimality",
    "ModelInput",
    "Necessity",
    "Prediction",
    "Preprocessing",
    "Prompted",
    "PromptedMap",
    "PromptedMse",
    "Prompts",
    "Quadrant",
    "Question",
    "QuestionKind",
    "QuestionSet",
    "Robustness",
    "SearchResult",
    "SeedInterval",
    "Shares",
    "StoredScores",
    "SweepRow",
    "TopClass",
    "UInt8",
    "VaeAnomalies",
    "VaeExample",
    "VaeLatent",
    "VaeMethod",
    "VaeModel",
    "VaeResult",
    "VaeScores",
    "VaeTraversal",
    "WhatIf",
    "cells_of",
    "mask_of",
]
