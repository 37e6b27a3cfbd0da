"""What to say to the person, in each language: one sentence made of phrases (words.yaml)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from facesort.errors import UsageError

_CATALOGUE = Path(__file__).with_name("words.yaml")


@dataclass(frozen=True)
class Words:
    """One language. ``again`` holds ``{how}``; each phrase of ``hints`` fits into its place.

    ``live`` is for who stands before the camera: what to do at once, a sentence a reason."""

    usable: str
    again: str
    comma: str
    last_comma: str
    hints: dict[str, str]
    live: dict[str, str]

    def sentence(self, reasons: Sequence[str]) -> str:
        """One sentence: what to do about all ``reasons``; that all is well if there is none."""
        if not reasons:
            return self.usable
        phrases = [self.hints[reason] for reason in reasons]
        how = self.last_comma.join([*filter(None, [self.comma.join(phrases[:-1])]), phrases[-1]])
        return self.again.format(how=how)


@cache
def languages() -> dict[str, Words]:
    """All languages of the catalogue by their two letters."""
    import yaml

    catalogue = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    return {str(language): Words(**words) for language, words in catalogue.items()}


def words_of(language: str) -> Words:
    """The words of ``language``; raises `UsageError` with those there are."""
    known = languages()
    if language not in known:
        near = difflib.get_close_matches(language.lower(), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(known)}"
        raise UsageError(f"language '{language}': not in the catalogue; {hint}")
    return known[language]
