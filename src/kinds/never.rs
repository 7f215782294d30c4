//! Why a service will not become usable by waiting.

use crate::model::LoginRole;

/// Why a service will not become usable by waiting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Never {
    /// Its port is not published, so nobody on the host can reach it.
    #[error("its port {port} is not published, so it can't be reached from the host")]
    NotPublished {
        /// The container port.
        port: u16,
    },
    /// PostgreSQL refuses the role's password.
    #[error("PostgreSQL refuses the password of role `{role}`: {said}")]
    PostgresPassword {
        /// The role.
        role: String,
        /// The server's words.
        said: String,
    },
    /// PostgreSQL does not have the database.
    #[error("PostgreSQL has no database `{database}`")]
    PostgresDatabaseMissing {
        /// The database.
        database: String,
    },
    /// Valkey wants another password, or none.
    #[error("Valkey refuses the credentials: {said}")]
    ValkeyPassword {
        /// The server's words.
        said: String,
    },
    /// Valkey can't save, and so refuses writes.
    #[error("Valkey can't save its data, and refuses writes until it can (MISCONF)")]
    ValkeyCannotSave,
    /// The S3 store refuses the keys.
    #[error("the S3 store refuses the access key `{access_key}`: {said}")]
    S3Credentials {
        /// The id of the key.
        access_key: String,
        /// The store's error code.
        said: String,
    },
    /// The S3 store's clock is too far from this machine's.
    #[error("the S3 store's clock is too far from this machine's (RequestTimeTooSkewed)")]
    S3ClockSkew,
    /// What should be LakeFS is not.
    #[error("what answers is not LakeFS: {said}")]
    NotLakefs {
        /// What it said.
        said: String,
    },
    /// A command can't be run in the container.
    #[error("the probe's command can't be run: {said}")]
    ExecCommand {
        /// What the container said.
        said: String,
    },
    /// There is no health check to go by.
    #[error("it has no health check to go by")]
    NoHealthcheck,
}

impl Never {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPublished { .. } => "probe.not-published",
            Self::PostgresPassword { .. } => "postgres.password",
            Self::PostgresDatabaseMissing { .. } => "postgres.database-missing",
            Self::ValkeyPassword { .. } => "valkey.password",
            Self::ValkeyCannotSave => "valkey.misconf",
            Self::S3Credentials { .. } => "s3.credentials",
            Self::S3ClockSkew => "s3.clock-skew",
            Self::NotLakefs { .. } => "lakefs.not-lakefs",
            Self::ExecCommand { .. } => "probe.exec-command",
            Self::NoHealthcheck => "probe.no-healthcheck",
        }
    }

    pub(super) fn password(login: &LoginRole, said: &str) -> Self {
        Self::PostgresPassword {
            role: login.user.clone(),
            said: said.to_owned(),
        }
    }
}
