//! What servers' data looks like from outside.

use crate::model::Kind;

/// What a directory says of itself to somebody who does not open its files.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The names in it.
    pub(super) names: Vec<String>,
    /// Those of [`witnesses`] that are there.
    pub(super) witnesses: Vec<String>,
}

/// Paths below a directory that tell servers' data from others' directories of the same names; for
/// each name in it.
pub(super) const WITNESSES: [&str; 2] = ["docker/PG_VERSION", "MANIFEST"];

/// What only PostgreSQL has in its data directory, and what it has there too, all versions together:
/// <https://www.postgresql.org/docs/current/storage-file-layout.html>.
const POSTGRES_OWN: &[&str] = &[
    "PG_VERSION",
    "pg_clog",
    "pg_commit_ts",
    "pg_dynshmem",
    "pg_logical",
    "pg_multixact",
    "pg_notify",
    "pg_replslot",
    "pg_serial",
    "pg_snapshots",
    "pg_stat",
    "pg_stat_tmp",
    "pg_subtrans",
    "pg_tblspc",
    "pg_twophase",
    "pg_wal",
    "pg_xact",
    "pg_xlog",
];
const POSTGRES_TOO: &[&str] = &[
    "backup_label",
    "backup_manifest",
    "base",
    "current_logfiles",
    "global",
    "log",
    "pg_hba.conf",
    "pg_ident.conf",
    "pg_log",
    "postgresql.auto.conf",
    "postgresql.conf",
    "postmaster.opts",
    "postmaster.pid",
    "recovery.conf",
    "recovery.signal",
    "standby.signal",
    "tablespace_map",
];
/// The first version whose image keeps each version's data in a directory of its own.
const FIRST_WITH_DIRECTORIES: u8 = 18;

/// Whether a directory with this in it is the data of a service of this kind, and of nobody else. An
/// empty one is; one whose data is half gone is where what is left can't be anything else.
pub(super) fn is_data(kind: &Kind, contents: &Contents) -> bool {
    if contents.names.is_empty() {
        return true;
    }
    match kind {
        Kind::Postgres(_) => is_postgres(contents),
        Kind::Valkey(_) => contents.all(is_valkey),
        Kind::S3(_) => contents.has(".minio.sys") || contents.has(".rustfs.sys"),
        Kind::Lakefs(_) => is_lakefs(contents),
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => false,
    }
}

impl Contents {
    fn has(&self, wanted: &str) -> bool {
        self.names.iter().any(|name| name == wanted)
    }

    fn all(&self, is_known: impl Fn(&str) -> bool) -> bool {
        self.names.iter().all(|name| is_known(name))
    }

    fn any(&self, is_telling: impl Fn(&str) -> bool) -> bool {
        self.names.iter().any(|name| is_telling(name))
    }

    fn has_witness(&self, name: &str, witness: &str) -> bool {
        let path = format!("{name}/{witness}");
        self.witnesses.contains(&path)
    }
}

fn is_postgres(contents: &Contents) -> bool {
    let is_own = |name: &str| POSTGRES_OWN.contains(&name);
    let is_listed = |name: &str| is_own(name) || POSTGRES_TOO.contains(&name);
    let is_whole = contents.has("PG_VERSION")
        && contents.has("global")
        && contents.has("base")
        && contents.all(|name| is_listed(name) || is_postgres_setting(name));
    let is_torn = contents.any(is_own) && contents.all(is_listed);
    let is_version = |name: &str| {
        let number: Option<u8> = name.parse().ok();
        number.is_some_and(|number| number >= FIRST_WITH_DIRECTORIES)
            && contents.has_witness(name, "docker/PG_VERSION")
    };
    is_whole || is_torn || contents.all(is_version)
}

/// What people put beside a database: certificates, and more settings.
fn is_postgres_setting(name: &str) -> bool {
    name == "conf.d"
        || [".conf", ".crt", ".crl", ".key", ".pem"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn is_valkey(name: &str) -> bool {
    let is = |start, end| name.starts_with(start) && name.ends_with(end);
    is("dump", ".rdb")
        || is("temp-", ".rdb")
        || is("temp-", ".aof")
        || matches!(name, "appendonlydir" | "appendonly.aof" | "nodes.conf")
}

/// Its metadata is a Badger database, in the directory or in one inside it; its cache has two
/// directories.
fn is_lakefs(contents: &Contents) -> bool {
    let is_metadata = |name: &str| {
        matches!(name, "metadata.db" | "metadata") && contents.has_witness(name, "MANIFEST")
    };
    let is_home = |name: &str| is_metadata(name) || matches!(name, "data" | "cache");
    (contents.any(is_metadata) && contents.all(is_home))
        || (contents.any(is_badger_table) && contents.all(is_badger))
        || contents.all(|name| matches!(name, "range" | "meta-range"))
}

fn is_badger(name: &str) -> bool {
    is_badger_table(name)
        || matches!(
            name,
            "MANIFEST"
                | "MANIFEST-REWRITE"
                | "KEYREGISTRY"
                | "REWRITE-KEYREGISTRY"
                | "DISCARD"
                | "LOCK"
        )
}

fn is_badger_table(name: &str) -> bool {
    let number = [".sst", ".vlog", ".mem"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lakefs, LoginRole, Postgres, S3, Valkey};

    fn postgres() -> Kind {
        Kind::Postgres(Postgres {
            port: 5432,
            login: LoginRole {
                user: String::new(),
                password: "".into(),
            },
            database: String::new(),
        })
    }

    fn valkey() -> Kind {
        Kind::Valkey(Valkey::at(6379))
    }

    fn s3() -> Kind {
        Kind::S3(S3 {
            port: 9000,
            access_key: String::new(),
            secret_key: "".into(),
            region: String::new(),
            bucket: None,
        })
    }

    fn lakefs() -> Kind {
        Kind::Lakefs(Lakefs {
            port: 8000,
            credentials_file: None,
            admin: String::new(),
        })
    }

    /// Names, and paths of witnesses, which have a slash.
    #[track_caller]
    fn says(kind: &Kind, listed: &str) -> bool {
        let (witnesses, names) = listed
            .split_whitespace()
            .map(str::to_owned)
            .partition(|path: &String| path.contains('/'));
        is_data(kind, &Contents { names, witnesses })
    }

    #[test]
    fn data_is_known_by_what_its_server_keeps_in_it() {
        let fresh = "PG_VERSION base global pg_commit_ts pg_dynshmem pg_hba.conf pg_ident.conf \
            pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat pg_stat_tmp \
            pg_subtrans pg_tblspc pg_twophase pg_wal pg_xact postgresql.auto.conf postgresql.conf \
            postmaster.opts postmaster.pid";
        let badger = "00001.mem 000001.vlog 000002.sst DISCARD KEYREGISTRY LOCK MANIFEST";
        for (kind, listed) in [
            (postgres(), ""),
            (postgres(), fresh),
            (
                postgres(),
                "PG_VERSION base global server.crt server.key tuned.conf",
            ),
            (postgres(), "18 18/docker/PG_VERSION"),
            (
                postgres(),
                "18 19 18/docker/PG_VERSION 19/docker/PG_VERSION",
            ),
            (valkey(), "dump.rdb"),
            (
                valkey(),
                "dump-6380.rdb appendonlydir temp-1.rdb temp-rewriteaof-1.aof nodes.conf",
            ),
            (s3(), ".minio.sys hub-storage"),
            (s3(), ".rustfs.sys hub-storage"),
            (lakefs(), "metadata.db metadata.db/MANIFEST"),
            (lakefs(), "metadata data metadata/MANIFEST"),
            (lakefs(), badger),
            (lakefs(), "range meta-range"),
        ] {
            assert!(says(&kind, listed), "{}: {listed}", kind.word());
        }
    }

    /// What a run leaves that is killed while it empties a directory.
    #[test]
    fn data_that_is_half_gone_is_known_where_it_can_be_nothing_else() {
        for (kind, listed) in [
            (postgres(), "pg_wal base global postgresql.conf"),
            (postgres(), "pg_twophase"),
            (postgres(), "PG_VERSION"),
            (lakefs(), "000001.vlog"),
        ] {
            assert!(says(&kind, listed), "{}: {listed}", kind.word());
        }
    }

    #[test]
    fn what_may_be_somebody_elses_is_not_data() {
        for (kind, listed) in [
            (postgres(), "1 2 3"),
            (postgres(), "18"),
            (postgres(), "18 notes 18/docker/PG_VERSION"),
            (postgres(), "12 12/docker/PG_VERSION"),
            (postgres(), "pg_dumps"),
            (postgres(), "pg_wal notes.txt"),
            (postgres(), "base global"),
            (postgres(), "PG_VERSION main.rs"),
            (postgres(), "PG_VERSION base global notes.txt"),
            (postgres(), "PG_VERSION base global photos"),
            (valkey(), "dump.rdb main.rs"),
            (valkey(), "appendonly-notes"),
            (s3(), "hub-storage"),
            (lakefs(), "cache"),
            (lakefs(), "data"),
            (lakefs(), "metadata.db"),
            (lakefs(), "metadata.db main.rs metadata.db/MANIFEST"),
            (lakefs(), "MANIFEST LOCK"),
            (lakefs(), "1.sst main.rs"),
            (lakefs(), "range notes"),
            (Kind::Process, "dump.rdb"),
        ] {
            assert!(!says(&kind, listed), "{}: {listed}", kind.word());
        }
    }
}
