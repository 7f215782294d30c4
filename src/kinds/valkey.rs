//! Valkey: what INFO says, and a round trip.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo as _, RedisError};

use super::{Never, Readiness};
use crate::model::{Secret, Valkey};

/// Asks for INFO, which is answered in every state, and then for a PING, which is refused while the
/// server loads its data or can't save it.
pub(super) async fn probe(
    options: &Valkey,
    address: Result<SocketAddr, Readiness>,
    timeout: Duration,
) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    match ask(options, address, timeout).await {
        Ok(readiness) => readiness,
        Err(error) => judge(&error),
    }
}

async fn ask(
    options: &Valkey,
    address: SocketAddr,
    timeout: Duration,
) -> Result<Readiness, RedisError> {
    let mut connection = connect(options, address, timeout).await?;
    let info: String = redis::cmd("INFO")
        .arg("persistence")
        .query_async(&mut connection)
        .await?;
    if field(&info, "loading") == Some("1") {
        let percent = field(&info, "loading_loaded_perc").unwrap_or("0");
        let eta = field(&info, "loading_eta_seconds").unwrap_or("?");
        return Ok(Readiness::NotYet(format!(
            "loading its data: {percent}%, about {eta} s left"
        )));
    }
    let _pong: String = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(Readiness::Ready)
}

/// A connection with deadlines of our own: the client's default of half a second is too short for
/// a server that loads, and too long for a first attempt.
async fn connect(
    options: &Valkey,
    address: SocketAddr,
    timeout: Duration,
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
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout));
    client
        .get_multiplexed_async_connection_with_config(&deadlines)
        .await
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

/// The first word of a refusal is stable; the rest differs between Valkey and Redis.
fn judge(error: &RedisError) -> Readiness {
    let said = || error.detail().unwrap_or_default().to_owned();
    match error.code() {
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => Readiness::Never(Never::ValkeyPassword {
            said: error.to_string(),
        }),
        Some("MISCONF") => Readiness::Never(Never::ValkeyCannotSave),
        Some("LOADING") => Readiness::NotYet("loading its data".to_owned()),
        Some(code) => Readiness::NotYet(format!("{code} {}", said())),
        None if error.kind() == redis::ErrorKind::AuthenticationFailed => {
            Readiness::Never(Never::ValkeyPassword {
                said: error.to_string(),
            })
        }
        None => Readiness::NotYet("it does not answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_info_are_found_by_their_whole_name() {
        let info = "# Persistence\r\nasync_loading:0\r\nloading:1\r\nloading_loaded_perc:12.50\r\n";
        assert_eq!(field(info, "loading"), Some("1"));
        assert_eq!(field(info, "loading_loaded_perc"), Some("12.50"));
        assert_eq!(field(info, "nothing"), None);
    }
}
