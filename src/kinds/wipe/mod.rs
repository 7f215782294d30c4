//! Wiping a service's data through the service itself, and counting it before.
//!
//! A wipe proves its own end: what it can't see empty afterwards is an error. One that was cut short
//! is completed by the next.

mod lakefs;
mod postgres;
mod s3;
mod valkey;

use super::{NotPublished, Target};
use crate::model::Kind;

/// Some of a service's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// What is counted, in the singular: `table`.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// How much room they take, where that is known.
    pub bytes: Option<u64>,
}

/// Why a service's data could not be wiped.
#[derive(Debug, thiserror::Error)]
pub enum WipeError {
    /// Its port is not published, so nobody on the host can reach it.
    #[error("its port {port} is not published, so it can't be reached from the host")]
    NotPublished {
        /// The container port.
        port: u16,
    },
    /// PostgreSQL refused.
    #[error("PostgreSQL refuses: {said}")]
    Postgres {
        /// The server's words.
        said: String,
    },
    /// The S3 store refused.
    #[error("the S3 store refuses to {wanted}: {said}")]
    S3 {
        /// What was asked.
        wanted: &'static str,
        /// What it said.
        said: String,
    },
    /// Valkey refused.
    #[error("Valkey refuses: {said}")]
    Valkey {
        /// The server's words.
        said: String,
    },
    /// Something was there again after everything was deleted.
    #[error("{count} {what}s are there again: something writes to it")]
    Refilled {
        /// What is there.
        what: &'static str,
        /// How many.
        count: u64,
    },
}

impl WipeError {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPublished { .. } => "probe.not-published",
            Self::Postgres { .. } => "postgres.wipe",
            Self::S3 { .. } => "s3.wipe",
            Self::Valkey { .. } => "valkey.wipe",
            Self::Refilled { .. } => "reset.refilled",
        }
    }
}

impl From<NotPublished> for WipeError {
    fn from(NotPublished(port): NotPublished) -> Self {
        Self::NotPublished { port }
    }
}

/// Counts what a wipe would take away; nothing for kinds whose data nobody can ask for, and `None`
/// where the service does not say.
pub async fn count(kind: &Kind, target: &Target<'_>) -> Option<Vec<Amount>> {
    match kind {
        Kind::Postgres(options) => postgres::count(options, target).await.ok(),
        Kind::Valkey(options) => valkey::count(options, target).await.ok(),
        Kind::S3(options) => s3::count(options, target).await.ok(),
        Kind::Lakefs(options) => lakefs::count(options, target).await,
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => {
            Some(Vec::new())
        }
    }
}

/// Takes away all data that the service holds, and says what it was. LakeFS can't be wiped this way:
/// its directories are emptied while it is stopped.
///
/// # Errors
///
/// When the service refuses, does not answer, or is not empty afterwards.
pub async fn wipe(kind: &Kind, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    match kind {
        Kind::Postgres(options) => postgres::wipe(options, target).await,
        Kind::Valkey(options) => valkey::wipe(options, target).await,
        Kind::S3(options) => s3::wipe(options, target).await,
        Kind::Lakefs(_)
        | Kind::Http(_)
        | Kind::Tcp(_)
        | Kind::Exec(_)
        | Kind::Healthcheck
        | Kind::Process => Ok(Vec::new()),
    }
}
