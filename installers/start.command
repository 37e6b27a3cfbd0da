#!/bin/sh
# Double click (macOS), or run: installs the small set into this folder once, opens the start page.
cd "$(dirname "$0")/.." || exit 1
if [ ! -f .venv/installed.txt ]; then
    if ! { python3 -m venv .venv &&
        .venv/bin/python -m pip install --no-compile -r requirements.txt; }; then
        echo "It did not work; the lines above say why. Python: https://www.python.org/downloads/" >&2
        exit 1
    fi
    echo installed >.venv/installed.txt
fi
exec .venv/bin/python tools/review.py "$@"
