//! What is done inside a service once it is usable, so that the application can start.
//!
//! Everything here is idempotent and verified: what is in order is left alone, and a bootstrap that
//! was cut short is completed by the next one.

use std::path::PathBuf;
use std::time::Duration;

use super::{CredentialsError, Target, lakefs, s3, valkey};
use crate::cache;
use crate::model::Kind;

/// Something that was done, because it had not been done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The application's bucket was made.
    BucketCreated {
        /// Its name.
        bucket: String,
    },
    /// LakeFS was set up.
    LakefsSetUp {
        /// The admin that was made.
        admin: String,
        /// Where the admin's keys are.
        file: PathBuf,
    },
    /// LakeFS was asked whether it reaches its store, and its log does not tell.
    LakefsStoreUnseen,
    /// Keys were flushed that must not survive a restart of the cache.
    CacheFlushed {
        /// How many.
        keys: u64,
    },
}

/// Why a service could not be bootstrapped.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// Its port is not published, so nobody on the host can reach it.
    #[error("its port {port} is not published, so it can't be reached from the host")]
    NotPublished {
        /// The container port.
        port: u16,
    },
    /// It was not done in time.
    #[error("it was not done within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// The S3 store did not take the bucket.
    #[error("failed to make bucket `{bucket}`: {said}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// What the store said.
        said: String,
    },
    /// LakeFS did not take the set-up.
    #[error("failed to set up LakeFS: {said}")]
    LakefsSetup {
        /// What it said.
        said: String,
    },
    /// LakeFS is set up, and nobody has its keys.
    #[error("LakeFS is set up already, and its credentials file `{}` does not exist", file.display())]
    LakefsKeysLost {
        /// The file.
        file: PathBuf,
    },
    /// LakeFS does not know the keys of the credentials file.
    #[error("LakeFS refuses the keys of `{}`: {said}", file.display())]
    LakefsKeysRefused {
        /// The file.
        file: PathBuf,
        /// What it said, in its answer or its log.
        said: String,
    },
    /// LakeFS can't reach its block store, or the store refuses it.
    #[error("LakeFS can't use its block store: {said}")]
    LakefsStore {
        /// What the store, or the way to it, said.
        said: String,
    },
    /// LakeFS can't read its own users' keys any more.
    #[error("LakeFS can't decrypt its own data: it was set up with another encryption key")]
    LakefsEncryptionKey,
    /// The credentials file can't be used.
    #[error(transparent)]
    LakefsCredentials(#[from] CredentialsError),
    /// The cache was not flushed.
    #[error("failed to flush the cache after its restart")]
    Cache(#[source] cache::BootstrapError),
    /// The stack file names the cache's keys so that others would be flushed.
    #[error(transparent)]
    Namespace(#[from] cache::NamespaceError),
}

impl BootstrapError {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPublished { .. } => "probe.not-published",
            Self::TooSlow(_) => "bootstrap.too-slow",
            Self::Bucket { .. } => "s3.bucket",
            Self::LakefsSetup { .. } => "lakefs.setup",
            Self::LakefsKeysLost { .. } => "lakefs.keys-lost",
            Self::LakefsKeysRefused { .. } => "lakefs.keys-refused",
            Self::LakefsStore { .. } => "lakefs.store",
            Self::LakefsEncryptionKey => "lakefs.encryption-key",
            Self::LakefsCredentials(_) => "lakefs.credentials-file",
            Self::Cache(_) => "cache.bootstrap",
            Self::Namespace(_) => "cache.keys",
        }
    }
}

/// Does what is left to do; an empty answer says that all was in order.
///
/// # Errors
///
/// When the service refuses or does not answer.
pub async fn bootstrap(kind: &Kind, target: &Target<'_>) -> Result<Vec<Deed>, BootstrapError> {
    match kind {
        Kind::S3(options) => s3::bootstrap(options, target).await,
        Kind::Lakefs(options) => lakefs::bootstrap(options, target).await,
        Kind::Valkey(options) => valkey::bootstrap(options, target).await,
        Kind::Postgres(_)
        | Kind::Http(_)
        | Kind::Tcp(_)
        | Kind::Exec(_)
        | Kind::Healthcheck
        | Kind::Process => Ok(Vec::new()),
    }
}
