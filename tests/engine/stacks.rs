//! Stack files that several tests start from.

/// A cache alone: the quickest stack that is a real one.
pub(crate) const CACHE: &str = "\
services:
  cache:
    image: ${VALKEY_IMAGE}
    command: valkey-server --save 300 100 --appendonly no
    ports: ['127.0.0.1:${CACHE_PORT}:6379']
    volumes: ['./cache:/data']
    x-devinfra: {kind: valkey}
";

/// A database, a cache, and an object store that keeps its data in a volume without a name.
pub(crate) const THREE: &str = "\
services:
  database:
    image: ${POSTGRES_IMAGE}
    environment: {POSTGRES_USER: hub_dev, POSTGRES_PASSWORD: planted-of-the-database, POSTGRES_DB: kohakuhub_dev}
    ports: ['127.0.0.1:${DATABASE_PORT}:5432']
    volumes: ['./database:/var/lib/postgresql/data']
    x-devinfra: {kind: postgres}
  store:
    image: ${S3_IMAGE}
    command: server /data
    environment: {MINIO_ROOT_USER: minioadmin, MINIO_ROOT_PASSWORD: planted-of-the-store}
    ports: ['127.0.0.1:${STORE_PORT}:9000']
    x-devinfra: {kind: s3, bucket: hub-storage}
  cache:
    image: ${VALKEY_IMAGE}
    command: valkey-server --save 300 100 --appendonly no
    ports: ['127.0.0.1:${CACHE_PORT}:6379']
    volumes: ['./cache:/data']
    x-devinfra: {kind: valkey}
";

/// A service that runs `script` in a shell, and is usable when `kind` says so.
pub(crate) fn script(kind: &str, script: &str) -> String {
    format!(
        "\
services:
  worker:
    image: ${{TOOLS_IMAGE}}
    init: true
    command: ['sh', '-c', {}]
    ports: ['127.0.0.1:${{WORKER_PORT}}:8080']
    x-devinfra: {{{kind}}}
",
        serde_json::Value::from(script.replace('$', "$$"))
    )
}

/// A script that is never usable, and needs no time to stop.
pub(crate) fn silent() -> String {
    script("kind: http, path: /", "exec sleep 600")
}
