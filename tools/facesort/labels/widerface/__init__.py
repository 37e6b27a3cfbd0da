"""WIDER FACE's lists and RetinaFace's: read, filtered, turned into labels, written."""
