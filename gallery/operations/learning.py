"""Learning the concepts of a set into files, so that its builds need not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gallery.errors import ConfigError
from gallery.pipeline.build import Job, load_classifiers
from gallery.pipeline.concepts.files import write_network
from gallery.pipeline.concepts.lesson import Lesson, targets
from gallery.pipeline.progress import Reporter
from gallery.store.codec import encode
from gallery.store.store import write_atomic


def learn_concepts(job: Job, target: Path, reporter: Reporter) -> Iterator[tuple[Path, str]]:
    """Learn the concepts of every class of a set anew; yield the file of each network and its SHA-256.

    Beside each file is its log: the same name with ".json", everything but the weights and wall times.

    Args:
        job: The set; its store is neither read nor written.
        target: Folder for the files.
        reporter: Told about progress.

    Raises:
        ConfigError: If the set wants no concepts, or no classifier has one of the classes.
        ClassifierError: If there is too little to learn from.
        StoreError: If a file cannot be written.
    """
    if job.settings.concepts is None:
        raise ConfigError("concepts: this set wants none. Add a table [concepts] with classes = [...].")
    classifiers = load_classifiers(job, reporter, job.device)
    reporter.begin("concepts", None)
    for classifier, index in targets(job.settings.concepts, classifiers):
        lesson = Lesson(classifier, index, job.settings, job.folder)
        network = lesson.learn()
        path = target / f"{classifier.card.slug}-{index}.safetensors"
        digest = write_network(path, network, lesson.made_by)
        record, _ = encode(replace(network, weights={}, seconds=0.0))
        log = {"class": lesson.class_name, "sha256": digest, "made_by": lesson.made_by, "network": record}
        write_atomic(path.with_suffix(".json"), (json.dumps(log, indent=1) + "\n").encode())
        reporter.advance(lesson.class_name, "concepts", forwards=network.forwards)
        yield path, digest
    reporter.end()
