//! Failures that a server's last words tell: patterns of log lines, and what they mean.
//!
//! A table of data. The lines were recorded from PostgreSQL 15 to 18, Valkey 8, LakeFS 1.84 and
//! common entrypoints; each has a test.

/// What is known to have gone wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Known {
    /// PostgreSQL's data directory was made by another major version.
    #[error("its data was written by PostgreSQL {data}, and this is PostgreSQL {server}")]
    PostgresDataVersion {
        /// The version that made the data.
        data: String,
        /// The version that should read it.
        server: String,
    },
    /// The image of PostgreSQL 18 and later wants its mount elsewhere.
    #[error(
        "images of PostgreSQL 18 and later keep their data in a directory below `/var/lib/postgresql`, and refuse a mount at `/var/lib/postgresql/data`"
    )]
    PostgresDataLayout,
    /// PostgreSQL's data directory holds something that is no database.
    #[error("its data directory is not empty, and holds no database")]
    PostgresForeignFiles,
    /// PostgreSQL was given no password for its first start.
    #[error("it has no database yet, and no password to make one with")]
    PostgresNoPassword,
    /// PostgreSQL's data directory is somebody else's.
    #[error("its data directory has an owner or permissions that PostgreSQL refuses")]
    PostgresDataOwner,
    /// Another PostgreSQL uses the data directory.
    #[error("another PostgreSQL server uses its data directory")]
    PostgresDataInUse,
    /// Valkey's data was written by a newer version.
    #[error(
        "its data has format version {version}, which is newer than this Valkey or Redis reads"
    )]
    ValkeyDataVersion {
        /// The version of the format.
        version: String,
    },
    /// Valkey's data is damaged.
    #[error("its data is damaged")]
    ValkeyDataDamaged,
    /// Valkey was given an option that it does not know, or a value that it refuses.
    #[error("its configuration is refused: {said}")]
    ValkeyConfiguration {
        /// The line that is refused.
        said: String,
    },
    /// Valkey still reads its data.
    #[error("it reads its data, and had not finished")]
    ValkeyLoading,
    /// Another LakeFS uses the data directory.
    #[error("another LakeFS uses its metadata directory")]
    LakefsDataInUse,
    /// LakeFS lacks settings.
    #[error("its configuration lacks {keys}")]
    LakefsSettings {
        /// Their names.
        keys: String,
    },
    /// A disk is full.
    #[error("no space is left on the disk that its data is on")]
    DiskFull,
    /// Its user may not write to a directory.
    #[error("its user may not write to {}", or_its_directory(path))]
    NotWritable {
        /// The directory, where it was named.
        path: String,
    },
    /// Its program is for another kind of processor.
    #[error("its program is for another kind of processor")]
    WrongProcessor,
    /// Its command is not in the image.
    #[error("its command is not in the image, or may not be run")]
    BadCommand,
}

impl Known {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PostgresDataVersion { .. } => "postgres.data-version",
            Self::PostgresDataLayout => "postgres.data-layout",
            Self::PostgresForeignFiles => "postgres.data-foreign",
            Self::PostgresNoPassword => "postgres.no-password",
            Self::PostgresDataOwner => "postgres.data-owner",
            Self::PostgresDataInUse => "postgres.data-in-use",
            Self::ValkeyDataVersion { .. } => "valkey.data-version",
            Self::ValkeyDataDamaged => "valkey.data-damaged",
            Self::ValkeyConfiguration { .. } => "valkey.configuration",
            Self::ValkeyLoading => "valkey.loading",
            Self::LakefsDataInUse => "lakefs.data-in-use",
            Self::LakefsSettings { .. } => "lakefs.settings",
            Self::DiskFull => "data.disk-full",
            Self::NotWritable { .. } => "data.not-writable",
            Self::WrongProcessor => "service.wrong-platform",
            Self::BadCommand => "service.bad-command",
        }
    }
}

/// A part of a line, and what a line with it means. The first row that fits decides, so what is
/// precise stands above what is general.
type Row = (&'static str, fn(&str) -> Known);

const TABLE: &[Row] = &[
    (
        "The data directory was initialized by PostgreSQL version ",
        |line| Known::PostgresDataVersion {
            data: between(line, "by PostgreSQL version ", ","),
            server: between(line, "with this version ", " "),
        },
    ),
    ("in 18+, these Docker images are configured", |_| {
        Known::PostgresDataLayout
    }),
    ("exists but is not empty", |_| Known::PostgresForeignFiles),
    (
        "Database is uninitialized and superuser password is not specified",
        |_| Known::PostgresNoPassword,
    ),
    ("has wrong ownership", |_| Known::PostgresDataOwner),
    ("has invalid permissions", |_| Known::PostgresDataOwner),
    ("lock file \"postmaster.pid\" already exists", |_| {
        Known::PostgresDataInUse
    }),
    ("Can't handle RDB format version ", |line| {
        Known::ValkeyDataVersion {
            version: between(line, "RDB format version ", " "),
        }
    }),
    ("Wrong signature trying to load DB from file", |_| {
        Known::ValkeyDataDamaged
    }),
    ("Short read or OOM loading DB", |_| Known::ValkeyDataDamaged),
    ("Internal error in RDB reading", |_| {
        Known::ValkeyDataDamaged
    }),
    ("Wrong RDB checksum", |_| Known::ValkeyDataDamaged),
    ("RDB CRC error", |_| Known::ValkeyDataDamaged),
    ("Terminating server after rdb file reading failure", |_| {
        Known::ValkeyDataDamaged
    }),
    ("Bad directive or wrong number of arguments", |line| {
        Known::ValkeyConfiguration {
            said: line.trim().to_owned(),
        }
    }),
    ("loading its data: ", |_| Known::ValkeyLoading),
    ("Cannot acquire directory lock on", |_| {
        Known::LakefsDataInUse
    }),
    ("missing required keys: ", |line| Known::LakefsSettings {
        keys: between(line, "missing required keys: [", "]"),
    }),
    ("No space left on device", |_| Known::DiskFull),
    ("no space left on device", |_| Known::DiskFull),
    ("directory is not writable by current user", |_| {
        Known::NotWritable {
            path: String::new(),
        }
    }),
    ("could not change permissions of directory", |line| {
        Known::NotWritable {
            path: between(line, "of directory \"", "\""),
        }
    }),
    ("could not create directory", |line| Known::NotWritable {
        path: between(line, "create directory \"", "\""),
    }),
    (": permission denied", |line| Known::NotWritable {
        path: between(line, "mkdir ", ":"),
    }),
    (": Permission denied", |line| Known::NotWritable {
        path: path_before(line, ": Permission denied"),
    }),
    ("exec format error", |_| Known::WrongProcessor),
    ("executable file not found in $PATH", |_| Known::BadCommand),
];

/// What the lines, the last of a log, are known to tell. The earliest line with a known cause
/// counts: those behind it are its consequences.
pub fn recognise<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Known> {
    lines.into_iter().find_map(|line| {
        let row = TABLE.iter().find(|(part, _)| line.contains(part))?;
        Some(row.1(line))
    })
}

/// The text between two others; up to the end of the line where the second is missing.
fn between(line: &str, before: &str, after: &str) -> String {
    let rest = line.split_once(before).map_or("", |(_, rest)| rest);
    let found = rest.split_once(after).map_or(rest, |(found, _)| found);
    found.trim_end_matches('.').to_owned()
}

/// The path that ends where `end` begins: `mkdir: cannot create directory '/x': Permission denied`.
fn path_before(line: &str, end: &str) -> String {
    let before = line.split_once(end).map_or("", |(before, _)| before);
    let path = before.trim_end_matches(['\'', '"']);
    let begin = path.rfind([' ', '\'', '"']).map_or(0, |at| at + 1);
    path.get(begin..)
        .filter(|path| path.starts_with('/'))
        .unwrap_or_default()
        .to_owned()
}

fn or_its_directory(path: &str) -> String {
    if path.is_empty() {
        "its data directory".to_owned()
    } else {
        format!("`{path}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded lines, and what they tell.
    const RECORDED: &[(&str, &str)] = &[
        (
            "DETAIL:  The data directory was initialized by PostgreSQL version 15, which is not compatible with this version 17.6 (Debian 17.6-0+deb13u1).",
            "its data was written by PostgreSQL 15, and this is PostgreSQL 17.6",
        ),
        (
            "Error: in 18+, these Docker images are configured to store database data in a",
            "images of PostgreSQL 18 and later keep their data in a directory below `/var/lib/postgresql`, and refuse a mount at `/var/lib/postgresql/data`",
        ),
        (
            "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty",
            "its data directory is not empty, and holds no database",
        ),
        (
            "Error: Database is uninitialized and superuser password is not specified.",
            "it has no database yet, and no password to make one with",
        ),
        (
            "2026-11-24 08:00:00.000 UTC [1] FATAL:  data directory \"/var/lib/postgresql/data\" has wrong ownership",
            "its data directory has an owner or permissions that PostgreSQL refuses",
        ),
        (
            "2026-11-24 08:00:00.000 UTC [1] FATAL:  lock file \"postmaster.pid\" already exists",
            "another PostgreSQL server uses its data directory",
        ),
        (
            "1:M 24 Nov 2026 08:00:00.000 # Can't handle RDB format version 80",
            "its data has format version 80, which is newer than this Valkey or Redis reads",
        ),
        (
            "1:M 24 Nov 2026 08:00:00.000 # Wrong signature trying to load DB from file",
            "its data is damaged",
        ),
        (
            "1:M 24 Nov 2026 08:00:00.000 # Short read or OOM loading DB. Unrecoverable error, aborting now.",
            "its data is damaged",
        ),
        (
            "Bad directive or wrong number of arguments",
            "its configuration is refused: Bad directive or wrong number of arguments",
        ),
        (
            "loading its data: 12.50%, about 40 s left",
            "it reads its data, and had not finished",
        ),
        (
            "level=fatal msg=\"Failed to open KV store\" error=\"Cannot acquire directory lock on \\\"/var/lakefs/data/metadata.db\\\".  Another process is using this Badger database. err: resource temporarily unavailable\"",
            "another LakeFS uses its metadata directory",
        ),
        (
            "level=fatal msg=\"Failed to open KV store\" error=\"Error Creating Dir: \\\"/var/lakefs/data/metadata.db\\\" err: mkdir /var/lakefs/data/metadata.db: permission denied\"",
            "its user may not write to `/var/lakefs/data/metadata.db`",
        ),
        (
            "level=fatal msg=\"failed to create catalog\" error=\"create tiered FS for committed metaranges: creating base dir: /lakefs/data/cache/meta-range - mkdir /lakefs: permission denied\"",
            "its user may not write to `/lakefs`",
        ),
        (
            "level=fatal msg=\"Load config\" error=\"bad configuration: missing required keys: [database.type auth.encrypt.secret_key]\"",
            "its configuration lacks database.type auth.encrypt.secret_key",
        ),
        (
            "2026-11-24 08:00:00.000 UTC [1] FATAL:  could not write lock file \"postmaster.pid\": No space left on device",
            "no space is left on the disk that its data is on",
        ),
        (
            "error: directory is not writable by current user (1000)",
            "its user may not write to its data directory",
        ),
        (
            "initdb: error: could not change permissions of directory \"/var/lib/postgresql/data\": Operation not permitted",
            "its user may not write to `/var/lib/postgresql/data`",
        ),
        (
            "mkdir: cannot create directory '/var/lib/postgresql/data': Permission denied",
            "its user may not write to `/var/lib/postgresql/data`",
        ),
        (
            "exec /usr/local/bin/docker-entrypoint.sh: exec format error",
            "its program is for another kind of processor",
        ),
    ];

    #[test]
    fn recorded_lines_tell_their_cause() {
        for (line, cause) in RECORDED {
            let told = recognise([*line]).map(|known| known.to_string());
            assert_eq!(told.as_deref(), Some(*cause), "{line}");
        }
    }

    #[test]
    fn every_row_of_the_table_but_its_variants_is_recorded() {
        let unused: Vec<&str> = TABLE
            .iter()
            .map(|(part, _)| *part)
            .filter(|part| !RECORDED.iter().any(|(line, _)| line.contains(part)))
            .collect();
        // These are other spellings of what is recorded.
        assert_eq!(
            unused,
            [
                "has invalid permissions",
                "Internal error in RDB reading",
                "Wrong RDB checksum",
                "RDB CRC error",
                "Terminating server after rdb file reading failure",
                "no space left on device",
                "could not create directory",
                "executable file not found in $PATH",
            ]
        );
    }

    #[test]
    fn the_first_line_with_a_cause_counts_and_ordinary_lines_tell_nothing() {
        assert_eq!(
            recognise([
                "1:M * Ready to accept connections",
                "# Can't handle RDB format version 80",
                "# Terminating server after rdb file reading failure.",
            ])
            .map(|known| known.code()),
            Some("valkey.data-version")
        );
        assert_eq!(recognise(["LOG:  database system is ready"]), None);
    }
}
