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
    new_content_hash,
    open_photo,
    read_photo_bytes,
)
from facesort.photos.remote import Place, Remote, album_at, list_remote

__all__ = [
    "MAX_DECODED_PIXELS",
    "MAX_PIXELS",
    "PHOTO_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Found",
    "Listing",
    "Photo",
    "Place",
    "Remote",
    "album_at",
    "content_hash",
    "content_of",
    "is_video",
    "list_photos",
    "list_remote",
    "new_content_hash",
    "open_photo",
    "read_photo_bytes",
]
