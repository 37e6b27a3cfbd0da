"""Figures: how well a model does, measured so that one can trust it."""
