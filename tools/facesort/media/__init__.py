"""Faces in anything that shows pictures: photos, videos, cameras, streams."""
