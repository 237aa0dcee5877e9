#!/bin/sh
# `make doctor`: what this machine has of what Slipway needs. Green: good. Yellow: works, with less. Red: must be mended.
# Ends with 1 if anything is red.
set -u

if [ -t 1 ]; then green='\033[32m' yellow='\033[33m' red='\033[31m' plain='\033[0m'; else green='' yellow='' red='' plain=''; fi
sick=0

good() { printf "${green}  ok    ${plain}%s\n" "$1"; }
warn() { printf "${yellow}  warn  ${plain}%s\n        %s\n" "$1" "$2"; }
bad() {
  printf "${red}  BAD   ${plain}%s\n        %s\n" "$1" "$2"
  sick=1
}

# $1.$2 at least $3.$4?
at_least() { [ "$1" -gt "$3" ] || { [ "$1" -eq "$3" ] && [ "$2" -ge "$4" ]; }; }

# Does it work? Tried in namespaces of its own, so that nothing stays.
works() { unshare --mount --propagation private sh -c "$1" >/dev/null 2>&1; }

check_kernel() {
  release=$(uname -r)
  major=${release%%.*} rest=${release#*.}
  minor=${rest%%[!0-9]*}
  if at_least "$major" "$minor" 5 12; then
    good "kernel $release"
  else
    bad "kernel $release is older than 5.12" "openat2, clone3 and mount_setattr are needed: use Debian 12's kernel"
  fi
}

check_root() {
  if [ "$(id -u)" = 0 ]; then good "root"; else
    bad "you are $(id -un), not root" "making containers needs root: sudo make doctor"
  fi
}

check_namespaces() {
  for kind in mount pid uts ipc net cgroup; do
    if unshare --fork "--$kind" true 2>/dev/null; then good "$kind namespaces"; else
      bad "no $kind namespaces" "inside a container? It needs --privileged (or CAP_SYS_ADMIN and no seccomp filter)"
    fi
  done
  if unshare --user true 2>/dev/null; then good "user namespaces"; else
    warn "no user namespaces" "sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone say why"
  fi
}

check_overlay() {
  if works 'mount -t tmpfs none /mnt && cd /mnt && mkdir a b c d && mount -t overlay none -o lowerdir=a,upperdir=b,workdir=c d'
  then good "overlay file system"; else
    bad "the overlay file system does not work" "modprobe overlay; or the kernel was built without it"
  fi
}

check_cgroups() {
  case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
    cgroup2fs) good "cgroups: version 2" ;;
    tmpfs) good "cgroups: version 1 or both ($(awk '$2 != 0 {n++} END {print n + 0}' /proc/cgroups) controllers on v1)" ;;
    *) bad "no cgroups at /sys/fs/cgroup" "mount -t cgroup2 none /sys/fs/cgroup" ;;
  esac
}

check_capabilities() {
  effective=$(awk '/^CapEff/ {print $2}' /proc/self/status)
  if [ $((0x$effective >> 24 & 1)) = 1 ]; then good "CAP_SYS_RESOURCE"; else
    warn "no CAP_SYS_RESOURCE" "hard limits cannot be raised and oom_score_adj not lowered; all else works"
  fi
}

check_tools() {
  for tool in g++ make python3 curl strace; do
    if command -v "$tool" >/dev/null; then good "$tool"; else bad "no $tool" "make deps"; fi
  done
  version=$(g++ -dumpfullversion 2>/dev/null || echo 0.0)
  minor=${version#*.}
  at_least "${version%%.*}" "${minor%%.*}" 12 2 || bad "g++ $version is older than 12.2" "make deps, on Debian 12"
  for tool in ccache clang-format-14 ctags; do
    if command -v "$tool" >/dev/null; then good "$tool"; else warn "no $tool" "make deps"; fi
  done
  if [ -x /bin/busybox ]; then good "busybox, for the test images"; else bad "no /bin/busybox" "make deps"; fi
  if command -v docker >/dev/null || [ -x "${SLIPWAY_BUILD:-build}/tools/docker" ]; then good "docker's client"; else
    warn "no docker client" "make deps fetches one; without it some tests are skipped"
  fi
  if command -v nft >/dev/null; then good "nft"; else warn "no nft" "apt-get install nftables, to look at firewall rules"; fi
}

check_space() {
  free=$(df -Pm /tmp | awk 'NR == 2 {print $4}')
  if [ "$free" -gt 1000 ]; then good "$free MB free in /tmp"; else
    warn "$free MB free in /tmp" "tests keep their images there: give it a gigabyte"
  fi
}

echo "Machine:"
check_kernel
check_root
check_capabilities
check_namespaces
check_overlay
check_cgroups
check_space
echo "Tools:"
check_tools
[ $sick = 0 ] && echo "This machine can build and run containers." || echo "Mend what is BAD, then ask again."
exit $sick
