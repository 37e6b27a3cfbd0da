"""The one rule for names that come from elsewhere and become paths: below a folder they stay there.

Names come from label files, archives, tables, URLs and object stores. The strict rule, for files
and folders that we name after them, holds on every system; so what is written on Linux can be
copied to Windows. https://learn.microsoft.com/windows/win32/fileio/naming-a-file
"""

from __future__ import annotations

import os
import re

_PORTS = "0123456789¹²³"  # Windows takes the raised digits for digits
DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}) | {
    f"{port}{n}" for port in ("COM", "LPT") for n in _PORTS
}
UNFIT = frozenset('<>:"/\\|?*')  # in no name on Windows
MAX_NAME_BYTES = 255
_WINDOWS_SEPARATORS = re.compile(r"[\\:]")


def is_device(name: str) -> bool:
    """Would Windows open a device, such as CON or ``aux.txt``, instead of a file of this name?"""
    return name.partition(".")[0].strip().upper() in DEVICES


def why_no_name(name: str) -> str:
    """Why no file or folder can be called ``name`` on every system; empty where one can."""
    if name in ("", ".", ".."):
        return f"'{name}' is no name"
    if odd := sorted({c for c in name if c in UNFIT or not c.isprintable()}):
        return f"has {' '.join(map(ascii, odd))} in its name"
    if is_device(name):
        return f"'{name}' is a device on Windows"
    if name[-1] in " .":
        return "has a blank or a dot at the end of its name"
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        return f"has a name of more than {MAX_NAME_BYTES} bytes"
    return ""


def why_outside(relative: str, windows: bool = os.name == "nt") -> str:
    """Why ``relative``, with ``/`` between its parts, might lead out of a folder; else empty.

    For names that are only read, and may be odd as long as this system takes them for names below:
    ``windows`` says which system that is.
    """
    parts = relative.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        return "has an empty part, . or .. in its path"
    if "\0" in relative:
        return "has a zero byte in its path"
    if not windows:
        return ""
    if _WINDOWS_SEPARATORS.search(relative):
        return "has a backslash or a colon in its path"
    if any(is_device(part) or part[-1] in " ." for part in parts):
        return "has a part that Windows takes for another name"
    return ""
