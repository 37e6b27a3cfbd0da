"""Did somebody else work on a sorted album since we looked last: in a file manager, by a script?"""

from __future__ import annotations

from pathlib import Path

from facesort.album.corrections.changes import Changes, find_changes, put_back
from facesort.album.records import VIEWS
from facesort.album.state import State
from facesort.album.user_labels import UserLabels
from facesort.files import fingerprint


class FolderWatch:
    """Looks at the times of folders and journal alone: cheap. What we do ourselves is no news."""

    def __init__(self, root: Path, journal: Path) -> None:
        self._root, self._journal = root, journal
        self.is_touched = False  # by others, since somebody cleared it
        self._as_of = self._now()

    def look(self) -> bool:
        """Take note of what others did."""
        now = self._now()
        self.is_touched |= now != self._as_of
        self._as_of = now
        return self.is_touched

    def skip(self) -> None:
        """What happened since the last look was ours."""
        self._as_of = self._now()

    def _now(self) -> dict[str, object]:
        views = [self._root / view for view in VIEWS]
        folders = [folder for view in views for folder in [view, *view.glob("*/")]]
        return {str(one): fingerprint(one) for one in [*folders, self._journal]}


def moved_by_hand(root: Path, state: State, labels: UserLabels) -> bool:
    """Does something lie where neither the journal nor a correction has it? Takes its time."""
    changes: Changes = find_changes(root, state)
    changes.said += put_back(root, state, labels, changes)
    return bool(changes.moved or changes.said)
