"""labelImg's window for one session; runs as a process of its own, started by `process`.

Shows the images of the session and nothing else, reads and writes each label where training
looks for it, and offers nothing that would write elsewhere or delete an image.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication

from facesort.labels.labelimg import patches
from facesort.labels.yolo import label_path_of

# What labelImg's menus offer and what does not belong in a session: `delete_image` removes the
# photo itself without asking, the others read or write somewhere else or in another format.
NOT_HERE = (
    *("delete_image", "open_file", "open_dir_dialog", "open_annotation_dialog"),
    *("change_save_dir_dialog", "change_format", "save_file_as", "reset_all"),
)
_ALIVE_MS = 300


class Window(patches.MainWindow):  # type: ignore[misc]
    """labelImg's main window over ``images``; new boxes get one of ``names``."""

    def __init__(self, images: list[str], names: list[str], class_file: str) -> None:
        first = Path(images[0])
        super().__init__(str(first.parent), class_file, str(label_path_of(first).parent))
        self._images = images
        patches.KnownLabelDialog.names = tuple(names)

    def scan_all_images(self, folder_path: str) -> list[str]:
        return list(self._images)

    def load_file(self, file_path: str | None = None) -> bool:
        """Show an image with its label; one that cannot be shown leaves the list, since labelImg
        would start again at the first one."""
        if file_path is None:
            return False
        self.default_save_dir = str(label_path_of(Path(file_path)).parent)
        try:
            shown: bool = super().load_file(file_path)
        except Exception as error:  # a damaged label: showing no boxes would end in saving none
            patches.unreadable[file_path] = f"{label_path_of(Path(file_path))}: {error}"
            self.error_message("Error opening label", patches.unreadable[file_path])
            shown = False
        return shown or self._leave_out(file_path)

    def _leave_out(self, file_path: str) -> bool:
        self.reset_state()
        self.set_clean()
        self.toggle_actions(False)
        if file_path not in self.m_img_list:
            return False
        index = self.m_img_list.index(file_path)
        del self.m_img_list[index]
        self.file_list_widget.takeItem(index)
        self.img_count = len(self.m_img_list)
        if not self.m_img_list:
            return False
        self.cur_img_idx = min(index, self.img_count - 1)
        return self.load_file(self.m_img_list[self.cur_img_idx])

    def show_bounding_box_from_annotation_file(self, file_path: str) -> None:
        """Only YOLO: an xml beside it would turn the session into another format."""
        self.load_yolo_txt_by_filename(str(label_path_of(Path(file_path))))

    def _not_here(self, *_: Any, silent: bool = False, **__: Any) -> None:
        if not silent:  # labelImg's own call while it starts
            self.status("Not in this session: its images, label folder and format are given")


for _name in NOT_HERE:
    setattr(Window, _name, Window._not_here)


def keep_going(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """PyQt5 ends the process on an exception without a handler: what one click breaks must
    not cost the boxes drawn so far."""
    print(f"labelImg: {kind.__name__}: {error}; going on", file=sys.stderr)
    traceback.print_tb(trace, limit=-2)


def main(session_file: str) -> int:
    """Show the window until it is closed."""
    session = json.loads(Path(session_file).read_text(encoding="utf-8"))
    warning = patches.apply()
    if warning:
        print(f"WARNING: {warning}", file=sys.stderr)
    sys.excepthook = keep_going
    app = QApplication(["labelImg"])
    app.setApplicationName("labelImg")
    app.setWindowIcon(patches.icon("app"))
    window = Window(session["images"], session["names"], session["class_file"])
    window.show()
    Path(session["opened_file"]).touch()
    # Ctrl-C closes the window, which asks about unsaved boxes; Python sees the signal only when
    # it runs now and then
    signal.signal(signal.SIGINT, lambda *_: window.close())
    alive = QTimer()
    alive.timeout.connect(lambda: None)
    alive.start(_ALIVE_MS)
    code = int(app.exec_())
    Path(session["unreadable_file"]).write_text(json.dumps(patches.unreadable), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
