//! Valkey: all keys of all databases, in memory and on disk.

use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::sleep;

use super::{Amount, WipeError};
use crate::cache::{Info, Namespace, Patience, connect};
use crate::kinds::Target;
use crate::model::Valkey;

/// Deleting and saving take longer than a probe.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    answer: Duration::from_mins(1),
};
/// More databases than a server is ever configured with.
const DATABASES: u16 = 1024;
/// How often the save is tried: another one may be under way.
const TRIES: usize = 20;

pub(super) async fn count(options: &Valkey, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    let address = target.published(options.port)?;
    let mut connection = connect(options, address, PATIENCE).await.map_err(refused)?;
    let info = info(&mut connection).await.map_err(refused)?;
    // The mark of devinfra's own bootstrap is nobody's data: an empty cache has it again at once.
    let namespace = options.keys.as_ref().map(Namespace::new);
    let marks = match namespace {
        Some(Ok(namespace)) => redis::cmd("EXISTS")
            .arg(namespace.marker())
            .query_async(&mut connection)
            .await
            .map_err(refused)?,
        Some(Err(_)) | None => 0,
    };
    Ok(vec![Amount {
        what: "key",
        count: keys(&info).saturating_sub(marks),
        bytes: info.number("used_memory_dataset"),
    }])
}

/// A server that can't save refuses writes, and so FLUSHALL: that is switched off for the moment.
/// SAVE then says whether what is on disk is empty as well. Without it the keys of an earlier save
/// would come back with the next start where the server has no save points.
pub(super) async fn wipe(options: &Valkey, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    const STOPS: &str = "stop-writes-on-bgsave-error";
    let amounts = count(options, target).await?;
    let address = target.published(options.port)?;
    let mut connection = connect(options, address, PATIENCE).await.map_err(refused)?;
    let connection = &mut connection;
    let flushed = ask(connection, &["FLUSHALL", "SYNC"]).await;
    match flushed {
        Err(error) if error.code() == Some("MISCONF") => {
            ask(connection, &["CONFIG", "SET", STOPS, "no"])
                .await
                .map_err(refused)?;
            let again = ask(connection, &["FLUSHALL", "SYNC"]).await;
            ask(connection, &["CONFIG", "SET", STOPS, "yes"])
                .await
                .map_err(refused)?;
            again.map_err(refused)?;
        }
        other => other.map_err(refused)?,
    }
    save(connection).await?;
    let info = info(connection).await.map_err(refused)?;
    let unsaved = info.number("rdb_changes_since_last_save").unwrap_or(0_u64);
    match keys(&info).max(unsaved) {
        0 => Ok(amounts),
        count => Err(WipeError::Refilled { what: "key", count }),
    }
}

async fn save(connection: &mut MultiplexedConnection) -> Result<(), WipeError> {
    for turn in 1.. {
        match ask(connection, &["SAVE"]).await {
            Err(error) if error.to_string().contains("in progress") && turn < TRIES => {
                sleep(Duration::from_millis(100)).await;
            }
            saved => return saved.map_err(refused),
        }
    }
    Ok(())
}

async fn ask(connection: &mut MultiplexedConnection, words: &[&str]) -> Result<(), RedisError> {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query_async(connection).await
}

async fn info(connection: &mut MultiplexedConnection) -> Result<Info, RedisError> {
    let text: String = redis::cmd("INFO").query_async(connection).await?;
    Ok(Info::parse(&text))
}

fn keys(info: &Info) -> u64 {
    (0..DATABASES)
        .map(|database| info.keyspace(database).keys)
        .sum()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn refused(error: RedisError) -> WipeError {
    WipeError::Valkey {
        said: error.to_string(),
    }
}
