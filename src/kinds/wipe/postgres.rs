//! PostgreSQL: everything in the application's database.
//!
//! The database is not dropped: that would lose its settings and rights, and a run killed between
//! dropping and creating would leave none. Its content goes in one transaction.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::{Amount, WipeError};
use crate::kinds::Target;
use crate::kinds::postgres::login;
use crate::model::Postgres;

const WIPE: &str = include_str!("postgres.sql");
/// How often the wipe is tried again when somebody holds a lock.
const TRIES: usize = 3;
/// Ends every other connection to the database, and gives up what prepared transactions hold.
const CLEAR: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";
const PREPARED: &str =
    "SELECT quote_literal(gid) FROM pg_prepared_xacts WHERE database = current_database()";
/// Schemas, tables and large objects that are neither the system's nor an extension's.
const SCHEMAS: &str = "SELECT count(*) FROM pg_namespace \
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')";
const TABLES: &str = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
    WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";
const LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_largeobject_metadata";
const SIZE: &str = "SELECT pg_database_size(current_database())";

pub(super) async fn count(
    options: &Postgres,
    target: &Target<'_>,
) -> Result<Vec<Amount>, WipeError> {
    connected(options, target, async |client| counted(client).await).await
}

pub(super) async fn wipe(
    options: &Postgres,
    target: &Target<'_>,
) -> Result<Vec<Amount>, WipeError> {
    connected(options, target, async |client| emptied(client).await).await
}

/// Asks with a connection of its own, which is closed afterwards.
async fn connected<T>(
    options: &Postgres,
    target: &Target<'_>,
    ask: impl AsyncFnOnce(&Client) -> Result<T, WipeError>,
) -> Result<T, WipeError> {
    let config = login(options, target.published(options.port)?);
    let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
    let asked = async {
        let answer = ask(&client).await;
        drop(client);
        answer
    };
    tokio::join!(asked, connection).0
}

async fn emptied(client: &Client) -> Result<Vec<Amount>, WipeError> {
    let amounts = counted(client).await?;
    for turn in 1.. {
        client.simple_query(CLEAR).await.map_err(refused)?;
        for id in column(client, PREPARED).await? {
            let sql = format!("ROLLBACK PREPARED {id}");
            client.simple_query(&sql).await.map_err(refused)?;
        }
        match client.batch_execute(WIPE).await {
            Ok(()) => break,
            Err(error) => {
                client.batch_execute("ROLLBACK").await.map_err(refused)?;
                // An application that came back between the two statements holds a lock.
                let is_locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
                if !is_locked || turn == TRIES {
                    return Err(refused(error));
                }
            }
        }
    }
    match number(client, TABLES).await? {
        0 => Ok(amounts),
        count => Err(WipeError::Refilled {
            what: "table",
            count,
        }),
    }
}

async fn counted(client: &Client) -> Result<Vec<Amount>, WipeError> {
    let bytes = number(client, SIZE).await?;
    let amount = |what, count| Amount {
        what,
        count,
        bytes: None,
    };
    let tables = number(client, TABLES).await?;
    Ok(vec![
        Amount {
            bytes: Some(bytes),
            ..amount("table", tables)
        },
        amount("further schema", number(client, SCHEMAS).await?),
        amount("large object", number(client, LARGE_OBJECTS).await?),
    ])
}

async fn number(client: &Client, sql: &str) -> Result<u64, WipeError> {
    let cells = column(client, sql).await?;
    let cell = cells.first().and_then(|cell| cell.parse().ok());
    Ok(cell.unwrap_or_default())
}

async fn column(client: &Client, sql: &str) -> Result<Vec<String>, WipeError> {
    let messages = client.simple_query(sql).await.map_err(refused)?;
    let cells = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(cells.collect())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn refused(error: tokio_postgres::Error) -> WipeError {
    let said = error
        .as_db_error()
        .map_or_else(|| error.to_string(), |refused| refused.message().to_owned());
    WipeError::Postgres { said }
}
