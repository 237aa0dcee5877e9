#!/bin/sh
# Installs the Debian packages named as arguments (the list is in the Makefile) that are not there yet, and docker's
# client where no `docker` is on the PATH: the tests drive the engine with it.
set -eu

build=${SLIPWAY_BUILD:-build}
export DEBIAN_FRONTEND=noninteractive

missing=""
for package in "$@"; do
  dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
done

client_missing() { ! command -v docker >/dev/null && [ ! -x "$build/tools/docker" ]; }

if [ -z "$missing" ] && ! client_missing; then exit 0; fi
if [ "$(id -u)" != 0 ]; then
  echo "These packages are missing:$missing. Install them as root: 'sudo make deps'." >&2
  exit 1
fi

echo "  DEPS apt-get update"
apt-get -qq update
if [ -n "$missing" ]; then
  echo "  DEPS installing:$missing"
  # shellcheck disable=SC2086  # a list of words
  apt-get -qq install --no-install-recommends -y $missing >/dev/null
fi

# Debian's docker.io brings the client together with a daemon that would start and change the firewall. We want the client
# only, so we take its file out of the package and install nothing.
if client_missing; then
  echo "  DEPS docker's client, out of docker.io, to $build/tools/docker"
  folder=$(mktemp -d)
  chmod 755 "$folder"
  (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download docker.io && dpkg-deb --extract docker.io_*.deb unpacked)
  mkdir -p "$build/tools"
  mv "$folder/unpacked/usr/bin/docker" "$build/tools/docker"
  rm -rf "$folder"
fi
