"""From photos and videos to the faces in them, each looked at once."""
