"""Learned concepts of classes: from photographs to a trained explanation network and maps of its features.

Read in this order: ``training`` (views, features, networks, tests of them), ``lesson`` (what one class of a
set is learnt from, and what the network hangs on), ``files`` (networks trained before, and their digests),
``maps`` (where an x-feature is in an image), ``explain`` (the stage: every class of a set, stored), ``index``
(where they are, for pages without torch).
"""
