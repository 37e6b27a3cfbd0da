#!/usr/bin/env bash
# Build the small image and sort a sample album with it: album read-only, no root, no network.
set -euo pipefail
cd "$(dirname "$0")/.."
docker build --quiet --target small -t facesort-check .
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/sorted"
run=(docker run --rm --network none --user "$(id -u):$(id -g)")
"${run[@]}" -v "$folder:/data" facesort-check sample --dst /data/album
"${run[@]}" -v "$folder/album:/album:ro" -v "$folder/sorted:/sorted" facesort-check \
    sort --src /album --dst /sorted --link copy
test -n "$(ls "$folder/sorted/faces/masked_sunglasses")"
docker image inspect --format 'small image: {{.Size}} bytes' facesort-check
