//! Services of kinds that devinfra knows.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const POSTGRES: Chapter = Chapter {
    title: "PostgreSQL",
    entries: &[
        entry(
            "postgres.data-version",
            Exit::Service,
            "The data was written by another major version.",
            "Go back to that version, or dump and restore.",
        ),
        entry(
            "postgres.data-layout",
            Exit::Service,
            "Images of version 18 and later want their data mounted elsewhere.",
            "Mount it at `/var/lib/postgresql`.",
        ),
        entry(
            "postgres.data-foreign",
            Exit::Service,
            "The data directory holds other files.",
            "Move them away, or mount another directory.",
        ),
        entry(
            "postgres.data-owner",
            Exit::Service,
            "PostgreSQL refuses the owner or permissions of its data directory.",
            "Compare `user` with the owner.",
        ),
        entry(
            "postgres.data-in-use",
            Exit::Service,
            "Another server uses the data directory.",
            "Stop it.",
        ),
        entry(
            "postgres.no-password",
            Exit::Service,
            "There is no database yet, and no password to make one with.",
            "Set `POSTGRES_PASSWORD`.",
        ),
        entry(
            "postgres.password",
            Exit::Service,
            "The password is refused: data that exists keeps the one that it was made with.",
            "Give the role the new password, or put the old one into the stack file.",
        ),
        entry(
            "postgres.database-missing",
            Exit::Service,
            "The server has no such database: its first start was interrupted.",
            "Make it with `createdb`, or start with empty data.",
        ),
    ],
};

pub(super) const VALKEY: Chapter = Chapter {
    title: "Valkey",
    entries: &[
        entry(
            "valkey.data-version",
            Exit::Service,
            "The data was written by a newer version.",
            "Go back to the image that wrote it.",
        ),
        entry(
            "valkey.data-damaged",
            Exit::Service,
            "The data is damaged.",
            "Restore it, or start with empty data.",
        ),
        entry(
            "valkey.configuration",
            Exit::Service,
            "Valkey refuses an option.",
            "Correct `command`.",
        ),
        entry(
            "valkey.loading",
            Exit::Service,
            "Valkey was still reading its data at the deadline.",
            "`--wait-timeout` gives it the time it says it needs.",
        ),
        entry(
            "valkey.misconf",
            Exit::Service,
            "Valkey can't save its data, and refuses writes.",
            "Make its data directory writable, and see that the disk has space.",
        ),
        entry(
            "cache.check",
            Exit::Cache,
            "A check of the cache failed.",
            "`devinfra cache check` shows every finding with what to do.",
        ),
        entry(
            "cache.refused",
            Exit::Service,
            "The cache's server does not answer, or refuses.",
            "`devinfra cache check` says what is wrong with it.",
        ),
        entry(
            "cache.bootstrap",
            Exit::Service,
            "The cache could not be flushed after a restart.",
            "`devinfra cache check` says what is wrong with it.",
        ),
        entry(
            "cache.keys",
            Exit::Usage,
            "The stack file does not say which keys of the cache are flushed.",
            "Name them under `keys`.",
        ),
        entry(
            "valkey.password",
            Exit::Service,
            "Valkey refuses the credentials.",
            "Compare them with its command.",
        ),
    ],
};

pub(super) const S3: Chapter = Chapter {
    title: "S3 store",
    entries: &[
        entry(
            "s3.credentials",
            Exit::Service,
            "The store refuses the keys.",
            "Compare them with the store's `environment`.",
        ),
        entry(
            "s3.clock-skew",
            Exit::Service,
            "The store's clock is too far from this machine's.",
            "Set the clock.",
        ),
        entry(
            "s3.bucket",
            Exit::Service,
            "The bucket could not be made.",
            "The message has the store's answer.",
        ),
    ],
};

pub(super) const LAKEFS: Chapter = Chapter {
    title: "LakeFS",
    entries: &[
        entry(
            "lakefs.not-lakefs",
            Exit::Service,
            "What answers is not LakeFS.",
            "Check the image and the port.",
        ),
        entry(
            "lakefs.setup",
            Exit::Service,
            "LakeFS could not be set up.",
            "The message has its answer.",
        ),
        entry(
            "lakefs.keys-lost",
            Exit::Service,
            "LakeFS is set up, and the file with its keys is gone.",
            "Put the file back, or wipe LakeFS.",
        ),
        entry(
            "lakefs.keys-refused",
            Exit::Service,
            "LakeFS refuses the keys in the file.",
            "Put the keys there that it was set up with, or wipe LakeFS.",
        ),
        entry(
            "lakefs.store",
            Exit::Service,
            "LakeFS can't reach its block store, or the store refuses its keys.",
            "Compare LAKEFS_BLOCKSTORE_S3_ENDPOINT, and the keys beside it, with the store's.",
        ),
        entry(
            "lakefs.encryption-key",
            Exit::Service,
            "The encryption key is another than the one LakeFS was set up with.",
            "Set it back to what it was.",
        ),
        entry(
            "lakefs.credentials-file",
            Exit::Service,
            "The file with LakeFS's keys can't be used.",
            "The message says what is wrong with it.",
        ),
        entry(
            "lakefs.data-in-use",
            Exit::Service,
            "Another LakeFS uses the metadata directory.",
            "Stop it.",
        ),
        entry(
            "lakefs.settings",
            Exit::Service,
            "LakeFS lacks settings.",
            "Set them under `environment`.",
        ),
    ],
};
