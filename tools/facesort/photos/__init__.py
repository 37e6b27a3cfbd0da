"""Photos: find them, and open them, each in one way."""

from facesort.photos.listing import (
    PHOTO_SUFFIXES,
    VIDEO_SUFFIXES,
    Found,
    Listing,
    is_video,
    list_photos,
)
from facesort.photos.opener import (
    MAX_DECODED_PIXELS,
    MAX_PIXELS,
    Photo,
    content_hash,
    content_of,
    open_photo,
    read_photo_bytes,
)

__all__ = [
    "MAX_DECODED_PIXELS",
    "MAX_PIXELS",
    "PHOTO_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Found",
    "Listing",
    "Photo",
    "content_hash",
    "content_of",
    "is_video",
    "list_photos",
    "open_photo",
    "read_photo_bytes",
]
