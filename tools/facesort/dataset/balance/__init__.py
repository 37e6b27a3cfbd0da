"""Evens out how often each class is seen in training."""
