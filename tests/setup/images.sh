#!/usr/bin/env bash
# Decides which images the default stack and the tests run on, and has them ready: the real ones
# where they are here or can be pulled, else those of tests/images/build.sh.
#
# Prints the one word `registry` or `offline` on stdout, and why on stderr.
# DEVINFRA_TEST_IMAGES=registry|offline decides it beforehand.
set -euo pipefail

ROOT=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
readonly ROOT
# A registry that can be reached has begun to send by then.
readonly REACHABLE_S=${DEVINFRA_TEST_PULL_TIMEOUT:-15}
# A gigabyte on a slow line.
readonly PULLED_S=1200

say() { printf 'images: %s\n' "$*" >&2; }

# The images of the default stack: NAME from `image: ${VARIABLE:-NAME}`, unless the variable is set.
real_images() {
  local variable default
  while read -r variable default; do
    printf '%s\n' "${!variable:-$default}"
  done < <(sed -nE 's/^ *image: \$\{([A-Z_]+):-(.+)\}$/\1 \2/p' "$ROOT/templates/kohakuhub.yaml")
}

is_local() { docker image inspect "$1" >/dev/null 2>&1; }

# Pulls those of $@ that are missing, all at once. Fails as soon as one can't be had, with the
# reason in $reason.
pull_missing() {
  local image logs deadline pid status=0 began
  local -A pulls=() log_of=()
  logs=$(mktemp -d)
  for image; do
    is_local "$image" && continue
    log_of[$image]=$(mktemp -p "$logs")
    docker pull "$image" >"${log_of[$image]}" 2>&1 </dev/null &
    pulls[$!]=$image
  done
  if ((${#pulls[@]})); then say "pulling ${pulls[*]}"; fi
  began=$SECONDS
  while ((${#pulls[@]})); do
    for pid in "${!pulls[@]}"; do
      image=${pulls[$pid]}
      if ! kill -0 "$pid" 2>/dev/null; then
        if wait "$pid"; then unset "pulls[$pid]"; continue; fi
        reason="$image: $(tail -n 1 "${log_of[$image]}")"
        status=1
      else
        # Its first line, "TAG: Pulling from REPOSITORY", comes when the registry has answered.
        deadline=$REACHABLE_S
        if grep -q 'Pulling from' "${log_of[$image]}"; then deadline=$PULLED_S; fi
        ((SECONDS - began < deadline)) && continue
        reason="$image: not pulled within $deadline s"
        status=1
      fi
      break 2
    done
    sleep 0.1
  done
  for pid in "${!pulls[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$logs"
  return "$status"
}

# derive FROM TO CHANGE...: an image that no registry has.
derive() {
  local from=$1 to=$2 container change changes=()
  shift 2
  is_local "$to" && return
  for change; do changes+=(--change "$change"); done
  container=$(docker create "$from")
  docker commit "${changes[@]}" "$container" "$to" >/dev/null
  docker rm -v "$container" >/dev/null
}

# What tests need beside the stack's own images, made from those.
helper_images() {
  local postgres valkey
  postgres=$(real_images | grep -m1 postgres)
  valkey=$(real_images | grep -m1 valkey)
  # Alpine's busybox has all that a test of a crashing container runs.
  derive "$valkey" devinfra-test/tools:1 'ENTRYPOINT []' 'CMD ["sleep","infinity"]'
  derive "$postgres" devinfra-test/postgres:15-next 'LABEL devinfra.test-image.variant=next'
  derive "$valkey" devinfra-test/valkey:8-next 'LABEL devinfra.test-image.variant=next'
  if ! is_local devinfra-test/postgres:17; then
    docker pull -q postgres:17 >/dev/null
    docker tag postgres:17 devinfra-test/postgres:17
  fi
}

offline() {
  "$ROOT/tests/images/build.sh"
  echo offline
}

main() {
  local images=()
  mapfile -t images < <(real_images)
  ((${#images[@]})) || { say "no images found in templates/kohakuhub.yaml"; exit 1; }
  reason=
  case ${DEVINFRA_TEST_IMAGES:-} in
    offline)
      say "the offline ones (DEVINFRA_TEST_IMAGES=offline)"
      offline
      ;;
    registry)
      say "the real ones (DEVINFRA_TEST_IMAGES=registry)"
      pull_missing "${images[@]}" || { say "$reason"; exit 1; }
      helper_images
      echo registry
      ;;
    '')
      if pull_missing "${images[@]}"; then
        say "the real ones: all are here"
        helper_images
        echo registry
      else
        say "the offline ones; the real ones can't be had ($reason)"
        offline
      fi
      ;;
    *)
      say "DEVINFRA_TEST_IMAGES is '$DEVINFRA_TEST_IMAGES'; it may be registry or offline"
      exit 2
      ;;
  esac
}

main
