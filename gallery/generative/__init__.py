"""Explaining generative models by attention: variational autoencoders, their latents and their anomalies.

Reading order: ``data`` (pictures, masks, factors) -> ``families`` and ``settings`` -> ``model`` ->
``attention`` and ``losses`` -> ``objective`` -> ``checkpoint`` and ``train`` -> ``localise``, ``scores``
(anomalies) and ``votes`` (disentanglement) -> ``assess``, which evaluates a trained folder.

Shape letters: B batch, C channels, H x W pixels, D latents, h x w positions of an encoder layer.

Papers: Liu et al., Towards Visually Explaining Variational Autoencoders, CVPR 2020, arXiv:1911.07389; Kim
and Mnih, Disentangling by Factorising, ICML 2018, arXiv:1802.05983.
"""
