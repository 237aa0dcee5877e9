#!/bin/sh
# `make run`: a private engine, an image, a container, and the story of what each box did. Leaves nothing behind.
set -eu

programs=$(realpath "${SLIPWAY_BUILD:-build}/final")
images=$(realpath "${SLIPWAY_BUILD:-build}/images")

if [ "$(id -u)" != 0 ]; then
  echo "Making containers needs root: run 'sudo make run'. ('make doctor' looks at the whole machine.)" >&2
  exit 1
fi

root=$(mktemp -d /tmp/slipway-run-XXXXXX)
socket=$root/exec/slipway.sock
engine=""

heading() { printf '\n== %s\n\n' "$*"; }
show() { printf '$ %s\n' "$*"; }

# The supervisor outlives its engine on purpose; its socket tells who it is.
supervisor_pid() {
  for folder in /proc/[0-9]*; do
    tr '\0' ' ' 2>/dev/null <"$folder/cmdline" | grep -q "^[^ ]*slipway-supervisor .*$root" && echo "${folder#/proc/}"
  done
  return 0
}

clean_up() {
  status=$?
  trap - EXIT INT TERM
  if [ -n "$engine" ]; then
    kill -TERM "$engine" 2>/dev/null || true
    wait "$engine" || true
  fi
  for pid in $(supervisor_pid); do kill -TERM "$pid"; done
  for _ in $(seq 100); do
    [ -z "$(supervisor_pid)" ] && break
    sleep 0.05
  done
  [ $status = 0 ] || { echo "The engine said:"; cat "$root/engine.log"; } >&2
  if grep -q " $root" /proc/self/mountinfo; then
    echo "Something is still mounted below $root: not deleted." >&2
    exit 1
  fi
  rm -rf "$root"
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

heading "1. The engine starts, with roots of its own"
show "slipwayd --data-root $root/data --exec-root $root/exec"
"$programs/slipwayd" --data-root "$root/data" --exec-root "$root/exec" >"$root/engine.log" 2>&1 &
engine=$!
for _ in $(seq 200); do
  grep -q "API listen on" "$root/engine.log" && break
  kill -0 "$engine" 2>/dev/null || { engine=""; echo "slipwayd did not start" >&2; exit 1; }
  sleep 0.05
done
grep "API listen on" "$root/engine.log"

export DOCKER_HOST="unix://$socket"

heading "2. An image: busybox, made from Debian's busybox-static by 'make images'"
show "slipway load -i busybox.tar"
"$programs/slipway" load -i "$images/busybox.tar"

heading "3. A container, and what each box did for it"
show "slipway --explain run --rm busybox echo 'hello from a container'"
"$programs/slipway" --explain run --rm busybox echo 'hello from a container'

heading "4. Everything stops; nothing is left"
