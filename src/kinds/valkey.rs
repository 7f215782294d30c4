//! Valkey: what INFO says, and a round trip.

use std::net::SocketAddr;
use std::time::Duration;

use redis::RedisError;

use super::{BootstrapError, Deed, Never, Readiness, Target};
use crate::cache;
use crate::cache::{Bootstrapped, Info, Namespace, Patience, Timing, connect};
use crate::model::Valkey;

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
    let mut connection = connect(options, address, Patience::of(timeout)).await?;
    let info: String = redis::cmd("INFO")
        .arg("persistence")
        .query_async(&mut connection)
        .await?;
    let info = Info::parse(&info);
    if info.is_set("loading") {
        let percent = info.get("loading_loaded_perc").unwrap_or("0");
        let eta = info.get("loading_eta_seconds").unwrap_or("?");
        return Ok(Readiness::NotYet(format!(
            "loading its data: {percent}%, about {eta} s left"
        )));
    }
    let _pong: String = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(Readiness::Ready)
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

/// Flushes what must not survive a restart of the server, where the stack file names such keys.
pub(super) async fn bootstrap(
    options: &Valkey,
    target: &Target<'_>,
) -> Result<Vec<Deed>, BootstrapError> {
    let Some(keys) = &options.keys else {
        return Ok(Vec::new());
    };
    let namespace = Namespace::new(keys)?;
    let address = target.published(options.port)?;
    let done = cache::bootstrap(options, address, &namespace, Timing::default()).await;
    Ok(match done.map_err(BootstrapError::Cache)? {
        Bootstrapped::Flushed { keys, .. } if keys > 0 => vec![Deed::CacheFlushed { keys }],
        Bootstrapped::Flushed { .. } | Bootstrapped::Current | Bootstrapped::ByAnother { .. } => {
            Vec::new()
        }
    })
}
