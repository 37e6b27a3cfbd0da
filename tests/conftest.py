"""Settings for the whole suite."""

from hypothesis import settings

# a slow or busy machine is no failure
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
