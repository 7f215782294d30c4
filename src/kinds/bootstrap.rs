//! What is done inside a service once it is usable, so that the application can start.
//!
//! Everything here is idempotent and verified: what is in order is left alone, and a bootstrap that
//! was cut short is completed by the next one.

use std::time::Duration;

use super::{Target, s3};
use crate::model::Kind;

/// Something that was done, because it had not been done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The application's bucket was made.
    BucketCreated {
        /// Its name.
        bucket: String,
    },
}

/// Why a service could not be bootstrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
}

impl BootstrapError {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPublished { .. } => "probe.not-published",
            Self::TooSlow(_) => "bootstrap.too-slow",
            Self::Bucket { .. } => "s3.bucket",
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
        Kind::Postgres(_)
        | Kind::Valkey(_)
        | Kind::Lakefs(_)
        | Kind::Http(_)
        | Kind::Tcp(_)
        | Kind::Exec(_)
        | Kind::Healthcheck
        | Kind::Process => Ok(Vec::new()),
    }
}
