"""Exports for phones: LiteRT and CoreML, made in an environment of their own."""
