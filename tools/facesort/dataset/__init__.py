"""Data sets: built from labels, checked, balanced and synthesised."""
