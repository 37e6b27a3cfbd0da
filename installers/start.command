#!/bin/sh
# Double click (macOS), or run: installs the small set into this folder once, opens the start page.
cd "$(dirname "$0")/.." || exit 1
if [ ! -f .venv/installed.txt ]; then
    python=
    for name in python3 python3.10 python3.11 python3.12 python3.13; do
        "$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
            2>/dev/null && python=$name
    done
    if [ -z "$python" ]; then
        echo "This needs Python 3.10 to 3.13, which is not there. Get a 3.13 release, not the newest," >&2
        echo "from https://www.python.org/downloads/ and start this again." >&2
        exit 1
    fi
    if ! { "$python" -m venv .venv &&
        .venv/bin/python -m pip install --no-compile -r requirements.txt; }; then
        echo "It did not work; the lines above say why." >&2
        exit 1
    fi
    echo installed >.venv/installed.txt
fi
exec .venv/bin/python tools/review.py "$@"
