"""Shell completion by argcomplete: verbs here, options by the parser of the verb's script.

    facesort completion bash >> ~/.bashrc            # zsh: zsh >> ~/.zshrc
    facesort completion fish > ~/.config/fish/completions/facesort.fish
    facesort completion powershell >> $PROFILE

Then open a new terminal.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from facesort import console

SHELLS = ("bash", "zsh", "fish", "powershell", "tcsh")


def main(argv: Sequence[str]) -> int:
    parser = console.parser(__doc__)
    parser.add_argument("shell", choices=SHELLS, help="the shell that you use")
    shell = parser.parse_args(argv).shell
    from argcomplete.shell_integration import shellcode

    print(shellcode(["facesort"], shell=shell))
    return 0


def answer(verbs: Sequence[str]) -> str:
    """Where the shell asks for completions of the verb, print them and end. Where the verb is there
    already, return it: its script's parser answers. "" where nothing is asked."""
    if "_ARGCOMPLETE" not in os.environ:
        return ""
    import argparse

    import argcomplete

    words = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])].split(" ")
    typed = [word for word in words if word]
    if len(typed) > 2 or (len(typed) == 2 and not words[-1]):
        os.environ["_ARGCOMPLETE"] = "2"  # the words after the verb; argcomplete counts from 1
        return typed[1]
    parser = argparse.ArgumentParser(prog="facesort")
    parser.add_argument("verb", choices=list(verbs))
    argcomplete.autocomplete(parser)  # ends the process
    return ""
