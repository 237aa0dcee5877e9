#!/bin/sh
# Says what a stage's programs are and how to try them. $1: the stage's number.
set -eu

build=${SLIPWAY_BUILD:-build}
folder=$(ls -d stages/"$1"-*)
root=/tmp/slipway-stage-$1

program=$build/stage-$1/slipway
case $1 in
  01) try="$program info" ;;
  02) try="$program run --rm host echo 'a process of the host, run by a daemon'" ;;
  03 | 04) try="$program run --rm / sh -c 'hostname; ps'" ;;
  *) try="$program load -i $build/images/busybox.tar     (made by 'make images')
  $program run --rm busybox echo 'hello from a container'" ;;
esac

cat <<END
Stage $1 is built: $(cd "$build/stage-$1" && echo *), in $build/stage-$1/. Its code is $folder/.

Start its engine in one terminal (Ctrl-C ends it):
  $build/stage-$1/slipwayd --data-root $root/data --exec-root $root/exec

and talk to it in another:
  export DOCKER_HOST=unix://$root/exec/slipway.sock
  $program version
  $try
  $program --help
END
