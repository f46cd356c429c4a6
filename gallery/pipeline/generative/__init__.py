"""Generative models of a set: from trained checkpoints to anomaly maps, traversals and their scores.

Read in this order: ``files`` (what the manifest names, digests compared), ``checkpoint`` (one of them, with
its data), ``anomalies`` and ``traversal`` (what is shown of it), ``disentanglement`` (results measured
elsewhere), ``explain`` (the stage: all of a set, stored), ``index`` (where all is, for pages without torch).
"""
