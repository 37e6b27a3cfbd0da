"""Is a photo fit for face recognition, and if not, what should the person do?

Knows no model: faces found by any detector are handed in, so that every room may ask.
"""
