"""Settings all tests share."""

import hypothesis

# No deadline, because a loaded machine is no failure; the same examples in every run, and none kept on disk.
hypothesis.settings.register_profile("gallery", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("gallery")
