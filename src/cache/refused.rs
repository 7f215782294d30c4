//! Why a server did not answer a question.

use std::time::Duration;

use redis::{ErrorKind, RedisError};

/// Why a server did not answer a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The service's port is not published.
    #[error("port {port} is not published")]
    NotPublished {
        /// The container port.
        port: u16,
    },
    /// There is no connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The deadline passed.
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The connection was closed in place of an answer.
    #[error("it closes the connection without an answer")]
    Closed,
    /// The answer is not Valkey's protocol.
    #[error("its answer is not in Valkey's protocol")]
    NotValkey,
    /// It wants another password, or one at all.
    #[error("it refuses the credentials: {0}")]
    Credentials(String),
    /// Any other refusal, in the server's words.
    #[error("{code} {said}")]
    Said {
        /// The first word, which is stable: `LOADING`, `MISCONF`, `OOM`.
        code: String,
        /// The rest, which differs between Valkey and Redis.
        said: String,
    },
}

impl Refused {
    /// Sorts a client's error; `patience` is the deadline that was set for it.
    pub(super) fn from_error(error: &RedisError, patience: Duration) -> Self {
        match error.code() {
            Some("NOAUTH" | "WRONGPASS") => return Self::Credentials(error.to_string()),
            Some(code) => {
                let (code, said) = (
                    code.to_owned(),
                    error.detail().unwrap_or_default().to_owned(),
                );
                return Self::Said { code, said };
            }
            None => {}
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Credentials(error.to_string()),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::NotValkey,
            _ if error.is_timeout() => Self::Silent(patience),
            _ if error.is_connection_dropped() && !error.is_connection_refusal() => Self::Closed,
            _ => Self::Unreachable(error.to_string()),
        }
    }

    /// Whether the server's process ended, or is only coming up: the next one may answer.
    pub(super) fn is_restart(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Silent(_) | Self::Closed => true,
            Self::Said { code, .. } => code == "LOADING",
            Self::NotPublished { .. } | Self::NotValkey | Self::Credentials(_) => false,
        }
    }

    /// The server's code word, where it said one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Said { code, .. } => Some(code),
            Self::NotPublished { .. }
            | Self::Unreachable(_)
            | Self::Silent(_)
            | Self::Closed
            | Self::NotValkey
            | Self::Credentials(_) => None,
        }
    }
}
