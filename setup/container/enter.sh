#!/bin/sh
# Begins every container: what the image has installed is found in the state volume too, which may be empty, or older than the image.
set -eu
state=$KAFKA_LLM_CHAT_STATE
if ! [ -w "$state" ]; then
  echo "The volume $state cannot be written by user $(id -u)." >&2
  echo "  What to do: give the folder to that user (chown $(id -u) FOLDER), or use a named volume." >&2
  exit 1
fi
for part in venv kafka; do
  # A folder of that name is somebody's own.
  if [ -L "$state/$part" ] || ! [ -e "$state/$part" ]; then ln -sfn "/app/.state/$part" "$state/$part"; fi
done
exec "$@"
