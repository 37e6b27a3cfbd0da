"""Faces in anything that shows images: photos, videos, cameras, streams."""
