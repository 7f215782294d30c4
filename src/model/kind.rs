//! What kind of server a service is, with what devinfra needs to talk to it.
//!
//! Only the options stand here. What is done with them is in `kinds`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// A kind of service and its options.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A PostgreSQL server.
    Postgres(Postgres),
    /// A Valkey or Redis server.
    Valkey(Valkey),
    /// A store that speaks the S3 protocol.
    S3(S3),
    /// A LakeFS server.
    Lakefs(Lakefs),
    /// Any server that answers HTTP.
    Http(HttpProbe),
    /// Any server that holds a TCP connection open.
    Tcp(TcpProbe),
    /// Ready when a command inside the container exits with 0.
    Exec(ExecProbe),
    /// Ready when the engine's health check says so.
    Healthcheck,
    /// Nothing to ask: ready when it runs.
    Process,
}

/// A role and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRole {
    /// The name to log in with.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// Options of a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// The port inside the container.
    pub port: u16,
    /// Who logs in.
    pub login: LoginRole,
    /// The database the application uses.
    pub database: String,
}

/// Options of a Valkey server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valkey {
    /// The port inside the container.
    pub port: u16,
    /// The password, where one is set.
    pub password: Option<Secret>,
    /// The user of the access control list, where it is not `default`.
    pub username: Option<String>,
    /// The database the application uses.
    pub database: u16,
    /// The application's keys.
    pub keys: Option<ValkeyKeys>,
    /// The configuration that the stack file declares through the server's command line, such as
    /// `maxmemory` to `256mb`: what the cache checks hold the live values against.
    pub declared: BTreeMap<String, String>,
}

impl Valkey {
    /// A server at this port inside the container, without anything said of it.
    pub fn at(port: u16) -> Self {
        Self {
            port,
            password: None,
            username: None,
            database: 0,
            keys: None,
            declared: BTreeMap::new(),
        }
    }
}

/// How the application names its cache keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValkeyKeys {
    /// The first part of every key, without the colon: `kh`.
    pub namespace: String,
    /// Prefixes behind the namespace that are flushed after every server restart (Mode B).
    pub flushed: Vec<String>,
    /// Prefixes behind the namespace that survive a restart (Mode A).
    pub kept: Vec<String>,
}

/// Options of an S3 store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    /// The port inside the container.
    pub port: u16,
    /// The access key's id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: Secret,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket the application uses.
    pub bucket: Option<String>,
}

/// Options of a LakeFS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lakefs {
    /// The port inside the container.
    pub port: u16,
    /// Where on the host the admin's keys are kept.
    pub credentials_file: Option<PathBuf>,
    /// The admin that set-up creates.
    pub admin: String,
}

/// Options of an HTTP probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// The port inside the container.
    pub port: u16,
    /// The path asked for, with its leading slash.
    pub path: String,
    /// The one status that is good; any of 200 to 399 when absent.
    pub status: Option<u16>,
}

/// Options of a TCP probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpProbe {
    /// The port inside the container.
    pub port: u16,
}

/// Options of a probe by command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecProbe {
    /// The command and its arguments; no shell.
    pub command: Vec<String>,
    /// How long one run may take.
    pub timeout: Duration,
}

/// How a service is wiped without making it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiping {
    /// Through the service, while it runs.
    Live,
    /// By emptying its directories while it is stopped.
    Stopped,
    /// Nobody knows how.
    Unknown,
}

impl Kind {
    /// The word that a stack file names this kind with.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Valkey(_) => "valkey",
            Self::S3(_) => "s3",
            Self::Lakefs(_) => "lakefs",
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Exec(_) => "exec",
            Self::Healthcheck => "healthcheck",
            Self::Process => "process",
        }
    }

    /// What its login is protected by, where it has one and it is not empty.
    pub fn secret(&self) -> Option<&Secret> {
        let secret = match self {
            Self::Postgres(postgres) => Some(&postgres.login.password),
            Self::Valkey(valkey) => valkey.password.as_ref(),
            Self::S3(s3) => Some(&s3.secret_key),
            Self::Lakefs(_)
            | Self::Http(_)
            | Self::Tcp(_)
            | Self::Exec(_)
            | Self::Healthcheck
            | Self::Process => None,
        };
        secret.filter(|secret| !secret.reveal().is_empty())
    }

    /// The container port that is asked, where the kind asks one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Postgres(Postgres { port, .. })
            | Self::Valkey(Valkey { port, .. })
            | Self::S3(S3 { port, .. })
            | Self::Lakefs(Lakefs { port, .. })
            | Self::Http(HttpProbe { port, .. })
            | Self::Tcp(TcpProbe { port }) => Some(*port),
            Self::Exec(_) | Self::Healthcheck | Self::Process => None,
        }
    }

    /// How a service of this kind is wiped without making it anew.
    pub fn wiping(&self) -> Wiping {
        match self {
            Self::Postgres(_) | Self::Valkey(_) => Wiping::Live,
            Self::S3(options) if options.bucket.is_some() => Wiping::Live,
            Self::Lakefs(_) => Wiping::Stopped,
            Self::S3(_)
            | Self::Http(_)
            | Self::Tcp(_)
            | Self::Exec(_)
            | Self::Healthcheck
            | Self::Process => Wiping::Unknown,
        }
    }

    /// Whether something is to be done inside the service before the application can start.
    pub fn has_bootstrap(&self) -> bool {
        match self {
            Self::S3(options) => options.bucket.is_some(),
            Self::Lakefs(options) => options.credentials_file.is_some(),
            Self::Valkey(options) => options.keys.is_some(),
            Self::Postgres(_)
            | Self::Http(_)
            | Self::Tcp(_)
            | Self::Exec(_)
            | Self::Healthcheck
            | Self::Process => false,
        }
    }
}
