"""Who is a photo of? Its main faces, and those in the background, by a rule that can be said aloud.

A face's weight is its shorter side in pixels, less the more it is turned away (half in profile),
blurred (from a sharpness of 50 down) or doubtful (times its confidence). Main faces have at least
half the weight of the heaviest in the photo. Background are faces of less than a quarter of it and
less than 64: they get a crop, but their photo is not filed for them. What a person said of a face
makes it neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facesort.album.records import NOT_A_FACE, Face
from facesort.boxes import min_side

MAIN_SHARE = 0.5
BACKGROUND_SHARE, BACKGROUND_BELOW = 0.25, 64.0
SHARP = 50.0
HALF_BEST = 200.0  # the weight whose rank lies in the middle


@dataclass(frozen=True)
class PhotoRules:
    """What photos are filed for, and how they are named: ``primary_faces``, for those alone;
    ``best_first``, so that in order of names the best photos of a folder come first."""

    primary_faces: bool = False
    best_first: bool = False

    def to_options(self) -> dict[str, str]:
        """By the names of the command line; what is not asked for is left out."""
        asked = {"primary-faces": self.primary_faces, "best-first": self.best_first}
        return {name: "True" for name, value in asked.items() if value}

    @staticmethod
    def of_options(options: Mapping[str, str]) -> PhotoRules:
        return PhotoRules("primary-faces" in options, "best-first" in options)

    def folders(
        self, faces: Sequence[Face], face_folders: Sequence[str], human: Sequence[str]
    ) -> list[str]:
        """The folders of those faces for which their photo is filed."""
        weights = [
            0.0 if folder == NOT_A_FACE else weight(face)
            for face, folder in zip(faces, face_folders, strict=True)
        ]
        heaviest = max(weights, default=0.0)
        return [
            folder
            for face, folder, said, own in zip(faces, face_folders, human, weights, strict=True)
            if said or folder == NOT_A_FACE or self._counts(face, own, heaviest)
        ]

    def _counts(self, face: Face, own: float, heaviest: float) -> bool:
        if self.primary_faces:
            return own >= MAIN_SHARE * heaviest
        in_background = own < BACKGROUND_SHARE * heaviest and own < BACKGROUND_BELOW
        return face.identity is None or not in_background  # by class, every face counts

    def name(
        self, name: str, folder: str, faces: Sequence[Face], face_folders: Sequence[str]
    ) -> str:
        """The name of a photo in ``folder``: best first, ``873_IMG_1234.jpg`` by its face there."""
        own = [weight(face) for face, of in zip(faces, face_folders, strict=True) if of == folder]
        return f"{rank(max(own)):03d}_{name}" if self.best_first and own else name


DEFAULT_RULES = PhotoRules()


def weight(face: Face) -> float:
    """How much a photo is about ``face``: see above."""
    known = face.identity
    if known is None:
        return float(min_side([face.xyxy_px])[0]) * face.confidence
    clear = min(1.0, known.sharpness / SHARP) * (1 - known.turned / 2)
    return known.side_px * clear * face.confidence


def rank(own_weight: float) -> int:
    """0 to 999, the heaviest first."""
    return round(999 * HALF_BEST / (HALF_BEST + max(own_weight, 0.0)))
