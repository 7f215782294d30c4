//! What servers' data looks like from outside.

use crate::model::Kind;

/// Whether a directory with these names in it is the data of a service of this kind, and of nobody
/// else. An empty one is.
pub(super) fn is_data(kind: &Kind, names: &[String]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let all = |known: &dyn Fn(&str) -> bool| names.iter().all(|name| known(name));
    if names.is_empty() {
        return true;
    }
    match kind {
        // From version 18 on, a directory per version.
        Kind::Postgres(_) => {
            (has("PG_VERSION") && has("base")) || all(&|name| name.parse::<u8>().is_ok())
        }
        Kind::Valkey(_) => all(&|name| {
            let is_dump = |end| name.starts_with("temp-") && name.ends_with(end);
            name == "dump.rdb"
                || name == "nodes.conf"
                || name.starts_with("appendonly")
                || is_dump(".rdb")
                || is_dump(".aof")
        }),
        Kind::S3(_) => has(".minio.sys") || has(".rustfs.sys"),
        Kind::Lakefs(_) => {
            has("metadata.db")
                || (has("MANIFEST") && has("KEYREGISTRY"))
                || all(&|name| matches!(name, "range" | "meta-range" | "cache"))
        }
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => false,
    }
}
