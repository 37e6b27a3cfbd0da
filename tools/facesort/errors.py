"""The exceptions of facesort: one shallow tree in which each knows its exit code.

A message says what, where, got, expected, next: it is printed as it is, in one line.
"""


class FacesortError(Exception):
    """A problem that the person running the tool can understand and act on."""

    exit_code = 1


class UsageError(FacesortError):
    """The command line asks for something that cannot be meant."""

    exit_code = 2


class PhotoError(FacesortError):
    """A photo that cannot be opened; the rest of the album goes on."""


class LabelError(FacesortError):
    """A label file that does not follow its format."""


class DatasetError(FacesortError):
    """A data set that cannot be built or read as asked."""


class ModelError(FacesortError):
    """A model file that is missing, of the wrong kind, or fails its check."""


class AlbumError(FacesortError):
    """A plan that no longer fits the disk, or a disk that refuses it."""


class UnreachableError(AlbumError):
    """The store of an album does not answer any more: no use in trying photo by photo."""


def first_line(error: Exception) -> str:
    """The first line of a library's exception; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
