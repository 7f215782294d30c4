#!/usr/bin/env bash
# Builds the images that the tests run where no image registry can be reached: Debian's own packages
# behind entrypoints that behave like the official images' ones (see the README's `make test`).
#
#   tests/images/build.sh               all of them
#   tests/images/build.sh valkey tools  only these
#
# An image carries a hash of what it is made of as a label; one whose hash is right is left alone,
# so a run with nothing to do takes a moment. Needs an engine, root and Debian's registry; the two
# that are Rust programs need cargo and its registry. Everything is kept under target/test-images.
set -euo pipefail

# debootstrap and chroot need these, and neither `su` nor every CI shell has them.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
umask 022

SELF=$(realpath "${BASH_SOURCE[0]}")
HERE=$(dirname "$SELF")
ROOT=$(realpath "$HERE/../..")
WORK=$ROOT/target/test-images
readonly SELF HERE ROOT WORK
readonly SCRATCH=$WORK/scratch LOGS=$WORK/logs
readonly LABEL=devinfra.test-image.inputs
readonly S3S_FS=0.14.1
readonly DEFAULT_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# The slow ones first.
readonly IMAGES=(s3 lakefs postgres-15 postgres-17 valkey compose tools)

# --- what there is to build ------------------------------------------------------------------------

# The tags of an image. `-next` is the same with another id, for tests of "the image changed".
tags_of() {
  case $1 in
    tools) echo devinfra-test/tools:1 ;;
    postgres-15) echo devinfra-test/postgres:15 devinfra-test/postgres:15-next ;;
    postgres-17) echo devinfra-test/postgres:17 ;;
    valkey) echo devinfra-test/valkey:8 devinfra-test/valkey:8-next ;;
    s3) echo devinfra-test/s3:1 ;;
    lakefs) echo devinfra-test/lakefs:1 ;;
    compose) echo devinfra-test/compose:1 ;;
    *) return 1 ;;
  esac
}

# Everything an image is made of, as text: the recipes below, and its files in this folder.
inputs_of() {
  declare -f base_rootfs new_rootfs in_rootfs apt_install finish load_image
  tags_of "$1"
  case $1 in
    tools) declare -f recipe_tools ;;
    compose) declare -f recipe_compose ;;
    postgres-*) declare -f recipe_postgres && hash_files postgres ;;
    valkey) declare -f recipe_valkey && hash_files valkey ;;
    s3) declare -f recipe_s3 cargo_s3 && hash_files s3 && echo "$S3S_FS" ;;
    lakefs) declare -f recipe_lakefs cargo_lakefs && hash_files lakefs-double/{Cargo.toml,Cargo.lock,src} ;;
  esac
}

hash_files() { (cd "$HERE" && find "$@" -type f -print0 | sort -z | xargs -0 sha256sum); }

hash_of() { inputs_of "$1" | sha256sum | cut -c1-32; }

# --- recipes: each fills $rootfs and loads it as an image ----------------------------------------------------

# Enough to run, crash, sleep and listen: busybox alone, all its commands.
recipe_tools() {
  new_rootfs bookworm
  apt_install busybox-static
  local small=$scratch/small
  mkdir -p "$small"/{bin,dev,etc,proc,root,sys,tmp}
  chmod 1777 "$small/tmp"
  cp "$rootfs/bin/busybox" "$small/bin/busybox"
  chroot "$small" /bin/busybox --install -s /bin
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$small/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$small/etc/group"
  rootfs=$small
  load_image tools '"Env":["PATH=/bin"],"Cmd":["sleep","infinity"]'
}

# Docker Compose, to ask it what it makes of our stack files and containers.
recipe_compose() {
  new_rootfs trixie
  apt_install docker-compose
  ln -s /usr/libexec/docker/cli-plugins/docker-compose "$rootfs/usr/local/bin/docker-compose"
  load_image compose '"Env":["LANG=C.UTF-8","PATH='"$DEFAULT_PATH"'"],"Cmd":["docker-compose"]'
}

# recipe_postgres MAJOR RELEASE
recipe_postgres() {
  local major=$1 bin=/usr/lib/postgresql/$1/bin
  new_rootfs "$2"
  # Before the package makes a user of its own, with another number.
  in_rootfs groupadd --system --gid 999 postgres
  in_rootfs useradd --system --uid 999 --gid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres
  mkdir -p "$rootfs/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$rootfs/etc/postgresql-common/createcluster.conf"
  apt_install "postgresql-$major" libnss-wrapper
  [[ ! -e $rootfs/etc/postgresql/$major/main ]]

  # The JIT and its LLVM are two thirds of the package; without them PostgreSQL does without.
  rm -rf "$rootfs/usr/lib/postgresql/$major/lib/"{llvmjit*,bitcode}
  rm -f "$rootfs"/usr/lib/*/libLLVM* "$rootfs"/usr/lib/*/libz3*
  rm -rf "$rootfs"/usr/lib/llvm-*
  # Debian's psql in /usr/bin is a Perl script that chooses a version. There is only one here.
  rm -rf "$rootfs"/usr/share/perl "$rootfs"/usr/share/perl5 "$rootfs"/usr/lib/*/perl
  local program
  for program in "$rootfs$bin"/*; do ln -sf "$bin/${program##*/}" "$rootfs/usr/bin/${program##*/}"; done

  sed -i "s/^#\?listen_addresses *=.*/listen_addresses = '*'/" "$rootfs/usr/share/postgresql/$major/postgresql.conf.sample"
  mkdir -p "$rootfs/docker-entrypoint-initdb.d"
  install -d -o 999 -g 999 -m 1777 "$rootfs/var/lib/postgresql/data"
  rm -rf "$rootfs/run/postgresql"
  install -d -o 999 -g 999 -m 3777 "$rootfs/run/postgresql"
  install -m 0755 "$HERE/postgres/entrypoint.sh" "$rootfs/usr/local/bin/docker-entrypoint.sh"
  load_image "postgres-$major" '"Env":["LANG=C.UTF-8","PG_MAJOR='"$major"'","PGDATA=/var/lib/postgresql/data","PATH='"$DEFAULT_PATH:$bin"'"],
    "Entrypoint":["docker-entrypoint.sh"],"Cmd":["postgres"],
    "Volumes":{"/var/lib/postgresql/data":{}},"ExposedPorts":{"5432/tcp":{}},"StopSignal":"SIGINT"'
}

recipe_valkey() {
  new_rootfs trixie
  in_rootfs groupadd --system --gid 999 valkey
  in_rootfs useradd --system --uid 999 --gid 999 --home-dir /var/lib/valkey --shell /usr/sbin/nologin valkey
  apt_install valkey-server valkey-tools
  install -d -o 999 -g 999 -m 1777 "$rootfs/data"
  install -m 0755 "$HERE/valkey/entrypoint.sh" "$rootfs/usr/local/bin/docker-entrypoint.sh"
  load_image valkey '"Env":["LANG=C.UTF-8","PATH='"$DEFAULT_PATH"'"],
    "Entrypoint":["docker-entrypoint.sh"],"Cmd":["valkey-server"],
    "WorkingDir":"/data","Volumes":{"/data":{}},"ExposedPorts":{"6379/tcp":{}}'
}

# A program that cargo built here needs a C library that is no older than this machine's. So both
# Rust images stand on the newer release, whatever this machine runs.
recipe_s3() {
  cargo_s3
  new_rootfs trixie
  install -m 0755 "$WORK/s3s-fs-$S3S_FS/bin/s3s-fs" "$rootfs/usr/local/bin/s3s-fs"
  in_rootfs s3s-fs --version
  mkdir -p "$rootfs/data"
  install -m 0755 "$HERE/s3/entrypoint.sh" "$rootfs/usr/local/bin/docker-entrypoint.sh"
  load_image s3 '"Env":["LANG=C.UTF-8","PATH='"$DEFAULT_PATH"'"],
    "Entrypoint":["docker-entrypoint.sh"],"Cmd":["server","/data"],
    "Volumes":{"/data":{}},"ExposedPorts":{"9000/tcp":{}}'
}

recipe_lakefs() {
  cargo_lakefs
  new_rootfs trixie
  in_rootfs groupadd --system --gid 101 lakefs
  in_rootfs useradd --system --uid 100 --gid 101 --home-dir /home/lakefs --create-home --shell /usr/sbin/nologin lakefs
  mkdir -p "$rootfs/app"
  install -m 0755 "$WORK/cargo-lakefs/release/lakefs" "$rootfs/app/lakefs"
  [[ $(in_rootfs ldd /app/lakefs) != *"not found"* ]]
  load_image lakefs '"Env":["LANG=C.UTF-8","PATH='"$DEFAULT_PATH"'","HOME=/home/lakefs"],
    "Entrypoint":["/app/lakefs"],"Cmd":["run"],
    "WorkingDir":"/app","User":"lakefs","ExposedPorts":{"8000/tcp":{}}'
}

cargo_s3() {
  [[ -x $WORK/s3s-fs-$S3S_FS/bin/s3s-fs ]] && return
  CARGO_TARGET_DIR=$WORK/cargo-s3s-fs cargo install s3s-fs --version "$S3S_FS" --features binary --locked \
    --root "$WORK/s3s-fs-$S3S_FS"
  # Half a gigabyte that nothing needs again.
  rm -rf "$WORK/cargo-s3s-fs"
}

cargo_lakefs() {
  CARGO_TARGET_DIR=$WORK/cargo-lakefs cargo build --release --locked --manifest-path "$HERE/lakefs-double/Cargo.toml"
}

# --- the parts of recipes --------------------------------------------------------------------------

# A minimal Debian as a tar file, made once per release; its name carries how it was made.
base_rootfs() {
  local release=$1 tree=$scratch/base
  base=$WORK/base-$release-$(declare -f base_rootfs | sha256sum | cut -c1-12).tar
  exec 8>"$WORK/base-$release.lock"
  flock 8
  if [[ ! -f $base ]]; then
    mkdir "$tree"
    # No mirror is named: debootstrap knows its own, unless this machine knows better.
    debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
      "$release" "$tree" ${DEVINFRA_TEST_MIRROR:+"$DEVINFRA_TEST_MIRROR"}
    # Packages installed later need not be flushed to disk one file at a time, nor bring their docs,
    # nor start anything. (PostgreSQL's own man pages must come: its package links to them.)
    printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
      'path-exclude=/usr/share/info/*' 'path-exclude=/usr/share/locale/*' 'path-exclude=/usr/share/i18n/*' \
      >"$tree/etc/dpkg/dpkg.cfg.d/devinfra-test"
    printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
    chmod 0755 "$tree/usr/sbin/policy-rc.d"
    rm -rf "$tree"/usr/share/{doc,man,info,locale}/* "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/* \
      "$tree"/var/log/* "$tree/etc/hostname"
    rm -f "$WORK/base-$release"-*.tar
    tar -C "$tree" --one-file-system --numeric-owner -cf "$base.part" .
    mv "$base.part" "$base"
    rm -rf --one-file-system "$tree"
  fi
  exec 8>&-
}

new_rootfs() {
  base_rootfs "$1"
  rootfs=$scratch/rootfs
  mkdir "$rootfs"
  tar -C "$rootfs" --numeric-owner -xf "$base"
}

in_rootfs() { chroot "$rootfs" /usr/bin/env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"; }

apt_install() {
  cat /etc/resolv.conf >"$rootfs/etc/resolv.conf"
  # Vanishes with this worker's mount namespace; without one, packages do without /proc.
  if [[ -n ${ISOLATED:-} ]]; then mount -t proc proc "$rootfs/proc"; fi
  in_rootfs apt-get -qq update
  in_rootfs apt-get -qq -y install --no-install-recommends "$@"
  if [[ -n ${ISOLATED:-} ]]; then umount "$rootfs/proc"; fi
}

# What only the machine that built it, or the package manager, would need.
finish() {
  rm -rf "$rootfs"/var/lib/apt/lists/* "$rootfs"/var/cache/* "$rootfs"/var/log/* "$rootfs"/tmp/* \
    "$rootfs"/usr/share/{doc,man,info,locale,lintian}/* "$rootfs"/usr/share/postgresql/*/man
  rm -f "$rootfs"/var/lib/dpkg/*-old "$rootfs/usr/sbin/policy-rc.d"
  if [[ -e $rootfs/etc/resolv.conf ]]; then : >"$rootfs/etc/resolv.conf"; fi
}

# load_image IMAGE CONFIG: makes the tags of the image from $rootfs. CONFIG is the inside of the JSON
# object that image configurations have.
#
# The archive is what `docker save` writes. `docker import --change` would be shorter, but engines
# refuse STOPSIGNAL there ("stopsignal is not a valid change command").
load_image() {
  local image=$1 config=$2 archive=$scratch/archive now architecture digest tag labels entries='' variant=
  finish
  mkdir "$archive"
  tar -C "$rootfs" --one-file-system --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    -cf "$archive/layer.tar" .
  digest=$(sha256sum "$archive/layer.tar" | cut -d' ' -f1)
  now=$(date -u +%FT%TZ)
  architecture=$(dpkg --print-architecture)
  # All tags share the one layer.
  for tag in $(tags_of "$image"); do
    # shellcheck disable=SC2153 # HASH comes from the run that started this worker
    labels="\"$LABEL\":\"$HASH\"${variant:+,\"devinfra.test-image.variant\":\"$variant\"}"
    printf '{"architecture":"%s","os":"linux","created":"%s","config":{%s,"Labels":{%s}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"%s","created_by":"tests/images/build.sh"}]}' \
      "$architecture" "$now" "$config" "$labels" "$digest" "$now" >"$archive/config${variant:+-$variant}.json"
    entries+="${entries:+,}{\"Config\":\"config${variant:+-$variant}.json\",\"RepoTags\":[\"$tag\"],\"Layers\":[\"layer.tar\"]}"
    variant=next
  done
  printf '[%s]' "$entries" >"$archive/manifest.json"
  # What the tags name now will be nameless. It goes, unless a container still needs it.
  local old
  # shellcheck disable=SC2046 # tags are words
  old=$(docker image inspect --format '{{.Id}}' $(tags_of "$image") 2>/dev/null) || true
  tar -C "$archive" -c . | docker load
  for digest in $old; do
    if [[ $(docker image inspect --format '{{len .RepoTags}}' "$digest") == 0 ]]; then docker image rm "$digest" || true; fi
  done
}

# --- the worker: builds one image, in a process of its own -----------------------------------------

work_on() {
  local image=$1
  set -E
  trap 'echo "failed in line $LINENO: $BASH_COMMAND"' ERR
  scratch=$SCRATCH/$image
  mkdir -p "$scratch"
  # Unpacking Debian is many small files, each flushed to disk by dpkg: in memory that takes half
  # the time. The mount is visible to this worker only, and goes when it goes.
  local free_kib
  free_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  if [[ -n ${ISOLATED:-} ]] && ((free_kib > 6 * 1024 * 1024)); then mount -t tmpfs -o size=2g,mode=755 tmpfs "$scratch"; fi
  case $image in
    tools) recipe_tools ;;
    compose) recipe_compose ;;
    postgres-15) recipe_postgres 15 bookworm ;;
    postgres-17) recipe_postgres 17 trixie ;;
    valkey) recipe_valkey ;;
    s3) recipe_s3 ;;
    lakefs) recipe_lakefs ;;
  esac
}

# --- the run: decides what is stale, starts workers, tells how they ended --------------------------

say() { printf 'images: %s\n' "$*" >&2; }

# Leaves in stale=() those of $@ that are missing or made of something else.
find_stale() {
  local image tag found
  stale=()
  # One question for all. It fails if any is missing, and still tells of those that are not.
  # shellcheck disable=SC2046 # tags are words
  found=$(docker image inspect --format "{{join .RepoTags \" \"}} {{index .Config.Labels \"$LABEL\"}}" \
    $(for image; do tags_of "$image"; done) 2>/dev/null) || true
  # Podman puts its own host before names without one.
  found=${found//localhost\//}
  for image; do
    local hash
    hash=$(hash_of "$image")
    for tag in $(tags_of "$image"); do
      if ! grep -qE "(^| )$tag( .*)? $hash\$" <<<"$found"; then
        stale+=("$image")
        break
      fi
    done
  done
}

# Processes of workers, by id: each worker leads a group of its own.
declare -A workers=()

stop_workers() {
  local pid
  # Workers are made to be killed: what they leave is their scratch, and their mounts are their own.
  for pid in "${!workers[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  drop_scratch
}

# Also finds what a run left that was killed. Only a worker without a mount namespace of its own
# can have left mounts.
drop_scratch() {
  local mount
  while read -r mount; do umount -l "$mount" || true; done < <(awk -v under="$SCRATCH/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  rm -rf --one-file-system "$SCRATCH"
}

need_tools() {
  if ((EUID != 0)); then
    say "building images needs root (chroot): sudo make test-images"
    say "or use the real ones: DEVINFRA_TEST_IMAGES=registry"
    exit 1
  fi
  if ! command -v debootstrap >/dev/null || [[ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
    command -v apt-get >/dev/null || { say "debootstrap is missing, and this is not Debian or Ubuntu"; exit 1; }
    say "installing debootstrap"
    apt-get -qq update
    apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends debootstrap debian-archive-keyring >/dev/null
  fi
  # A proxy that only this machine's apt knows serves the chroot's apt and debootstrap, too.
  if [[ -z ${http_proxy:-} ]] && command -v apt-config >/dev/null; then
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    if [[ -n $proxy ]]; then export http_proxy=$proxy; fi
  fi
}

main() {
  local image pid status failed=0 wanted=("$@")
  if ((${#wanted[@]} == 0)); then wanted=("${IMAGES[@]}"); fi
  for image in "${wanted[@]}"; do
    tags_of "$image" >/dev/null || { say "no image $image; there are: ${IMAGES[*]}"; exit 2; }
  done

  mkdir -p "$WORK" "$LOGS"
  find_stale "${wanted[@]}"
  if ((${#stale[@]})); then
    need_tools
    exec 9>"$WORK/lock"
    if ! flock -n 9; then
      say "another build is running; waiting for it"
      flock 9
      find_stale "${wanted[@]}"
    fi
  fi
  for image in "${wanted[@]}"; do
    if [[ " ${stale[*]} " != *" $image "* ]]; then say "$(tags_of "$image"): up to date"; fi
  done
  if ((${#stale[@]} == 0)); then return; fi

  drop_scratch
  mkdir -p "$SCRATCH"
  # Mounts and processes of a worker in namespaces of its own: killed at any point, it leaves none.
  # /proc is mounted anew because rustc finds itself through /proc/self.
  local isolate=()
  if unshare --mount --pid --fork --kill-child --mount-proc true 2>/dev/null; then
    isolate=(env ISOLATED=1 unshare --mount --pid --fork --kill-child --mount-proc)
  fi
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap stop_workers EXIT
  # Job control gives each worker its own process group, also without a terminal.
  set -m
  for image in "${stale[@]}"; do
    HASH=$(hash_of "$image") "${isolate[@]}" bash "$SELF" --worker "$image" >"$LOGS/$image.log" 2>&1 </dev/null &
    workers[$!]=$image
  done
  say "building ${stale[*]} (logs: ${LOGS#"$ROOT/"})"
  while ((${#workers[@]})); do
    status=0
    wait -n -p pid "${!workers[@]}" || status=$?
    image=${workers[$pid]}
    unset "workers[$pid]"
    if ((status == 0)); then
      say "$(tags_of "$image"): built in $SECONDS s"
    else
      failed=1
      say "$image: failed ($status); the end of its log:"
      tail -n 25 "$LOGS/$image.log" | sed 's/^/  /' >&2
    fi
  done
  return "$failed"
}

if [[ ${1:-} == --worker ]]; then
  work_on "$2"
else
  main "$@"
fi
