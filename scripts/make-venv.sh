#!/bin/sh
# Make a virtual environment in $1 with the first Python 3.11 or newer that is found.
set -eu
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -m venv "$1"
    fi
done
echo "No Python 3.11+ with venv was found (on Debian: apt-get install python3-venv). Set PYTHON to one." >&2
exit 1
