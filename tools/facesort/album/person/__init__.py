"""Whose face is it: from examples, or none, to a name for every face of an album."""
