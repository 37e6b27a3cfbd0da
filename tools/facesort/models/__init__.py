"""Models: detect, train, export, and prove that the export equals the original."""
