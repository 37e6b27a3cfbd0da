"""Drawing what covers a face, and what resembles it, onto real faces (see ../synthesize.py)."""
