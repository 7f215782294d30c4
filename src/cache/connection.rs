//! A connection with deadlines of our own: the client's default of half a second is too short for
//! a server that loads, and too long for a first attempt.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo as _, RedisError};

use crate::model::{Secret, Valkey};

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To take a connection.
    pub connect: Duration,
    /// To answer a command.
    pub answer: Duration,
}

impl Patience {
    /// The same for both.
    pub const fn of(duration: Duration) -> Self {
        Self {
            connect: duration,
            answer: duration,
        }
    }
}

/// Connects and logs in. The connection is to one process of the server and no other: it does not
/// survive the server, and never reconnects.
///
/// # Errors
///
/// When nobody listens, the credentials are refused, or the deadline passes.
pub async fn connect(
    options: &Valkey,
    address: SocketAddr,
    patience: Patience,
) -> Result<MultiplexedConnection, RedisError> {
    let address = ConnectionAddr::Tcp(address.ip().to_string(), address.port());
    let info = address.into_connection_info()?;
    let mut login = info
        .redis_settings()
        .clone()
        .set_db(i64::from(options.database));
    if let Some(password) = &options.password {
        login = login.set_password(Secret::reveal(password));
    }
    if let Some(username) = &options.username {
        login = login.set_username(username);
    }
    let client = Client::open(info.set_redis_settings(login))?;
    let deadlines = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience.connect))
        .set_response_timeout(Some(patience.answer));
    client
        .get_multiplexed_async_connection_with_config(&deadlines)
        .await
}
