"""Pages about autoencoders.

``parts`` holds what templates receive, ``wording`` the sentences, ``published`` the numbers of others;
``anomalies_page``, ``latents_page`` and ``results_page`` put them together, ``pages`` lists them all.
"""
