#!/usr/bin/env bash
# Serves a folder over S3 with s3s-fs, behind MinIO's variables and command line.
#
# What differs from MinIO: a bucket that exists is refused with BucketAlreadyExists (not
# BucketAlreadyOwnedByYou), an unknown access key with NotSignedUp (not InvalidAccessKeyId), there is
# no /minio/health, no console, no x-minio-force-delete, no CORS, buckets are plain folders under the
# data directory, and a request that is signed in its headers must carry x-amz-content-sha256 (MinIO
# takes its absence for an empty body).
set -euo pipefail

die() { printf 'FATAL %s\n' "$*" >&2; exit 1; }

port=9000 folder=
case ${1:-} in
  minio) shift ;;
esac
[[ ${1:-} == server ]] || exec "$@"
shift
while (($#)); do
  case $1 in
    --console-address) shift ;;
    --console-address=*) ;;
    --address) shift; port=${1##*:} ;;
    --address=*) port=${1##*:} ;;
    -*) die "unknown option: $1" ;;
    *) [[ -z $folder ]] || die "one folder only"; folder=$1 ;;
  esac
  shift
done
[[ -n $folder ]] || die "no folder to serve"

if [[ -n ${MINIO_ROOT_USER:-} && -z ${MINIO_ROOT_PASSWORD:-} ]] || [[ -z ${MINIO_ROOT_USER:-} && -n ${MINIO_ROOT_PASSWORD:-} ]]; then
  die "MINIO_ROOT_USER and MINIO_ROOT_PASSWORD go together"
fi
user=${MINIO_ROOT_USER:-minioadmin} password=${MINIO_ROOT_PASSWORD:-minioadmin}
((${#user} >= 3)) || die "MINIO_ROOT_USER: at least 3 characters"
((${#password} >= 8)) || die "MINIO_ROOT_PASSWORD: at least 8 characters"

# s3s-fs stops on SIGINT only, and as process 1 it would not even die of a SIGTERM. So this shell
# stays process 1 and passes the request on: politely first, because connections may be open, then
# without waiting for them.
stopping=
# shellcheck disable=SC2317 # the trap below calls it
stop() {
  stopping=yes
  kill -INT "$server" 2>/dev/null || return 0
  for _ in {1..10}; do
    kill -0 "$server" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -KILL "$server" 2>/dev/null || true
}
trap stop TERM INT

mkdir -p "$folder"
# It calls every refused request an error; a probe before set-up would fill the log.
export RUST_LOG=${RUST_LOG:-off}
s3s-fs --host 0.0.0.0 --port "$port" --access-key "$user" --secret-key "$password" "$folder" &
server=$!
printf 'API: http://0.0.0.0:%s (s3s-fs, %s)\n' "$port" "$folder"

# A signal ends `wait` early; only the second one tells how the server ended.
status=0
wait "$server" || status=$?
if [[ -n $stopping ]]; then exit 0; fi
exit "$status"
