#!/bin/sh
# Makes the VM's disk of Debian's packages: build_disk.sh FOLDER PACKAGE…
# FOLDER gets root.ext4 (the disk), vmlinuz, busybox and modules/ (what the first moments of a boot need from outside).
#
# dpkg syncs every file that it writes, which on a disk takes most of an hour's quarter. So the tree is made in a tmpfs, in
# a mount namespace of our own: it is gone with this script, however that ends. image.py starts it under `unshare --mount`.
set -eu
folder=$1
shift
packages=$(echo "$@" | tr ' ' ,)
tree=/mnt/root

mount -t tmpfs -o size=3g,mode=755 slipway-vm /mnt

# No initramfs of Debian's: ours has three modules and one script. (INITRD=No is what its kernel hook looks at.)
INITRD=No TMPDIR=/mnt mmdebstrap --quiet --variant=minbase --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook='echo root:slipway | chroot "$1" chpasswd' \
  --customize-hook='echo workshop > "$1/etc/hostname"; echo 127.0.0.1 localhost workshop > "$1/etc/hosts"' \
  --customize-hook='mkdir "$1/slipway"; rm -rf "$1"/boot/initrd* "$1"/var/cache/apt/*.bin' \
  bookworm "$tree" ${SLIPWAY_MIRROR:+"$SLIPWAY_MIRROR"}

cp "$tree"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$tree/bin/busybox" "$folder/busybox"
modules=$(echo "$tree"/lib/modules/*/kernel/drivers)
mkdir "$folder/modules"
cp "$modules"/virtio/virtio*.ko "$modules"/block/virtio_blk.ko "$modules"/char/virtio_console.ko "$folder/modules/"
mke2fs -q -t ext4 -L slipway -d "$tree" "$folder/root.ext4" 4G >/dev/null
