//! PostgreSQL: a login to the database the application uses, and `SELECT 1`.

use std::net::SocketAddr;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use super::{Never, Readiness};
use crate::model::Postgres;

/// Logs in over TCP. While the image's entrypoint initialises, its temporary server listens on a
/// socket inside the container only, so an answer over TCP comes from the server that stays.
pub(super) async fn probe(options: &Postgres, address: Result<SocketAddr, Readiness>) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    match select_one(&login(options, address)).await {
        Ok(()) => Readiness::Ready,
        Err(error) => judge(options, &error),
    }
}

/// How the application's role logs in to the application's database.
pub(super) fn login(options: &Postgres, address: SocketAddr) -> Config {
    let mut config = Config::new();
    config
        .host(address.ip().to_string())
        .port(address.port())
        .user(&options.login.user)
        .password(options.login.password.reveal())
        .dbname(&options.database)
        .application_name("devinfra");
    config
}

async fn select_one(config: &Config) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let asked = async {
        let answer = client.simple_query("SELECT 1").await;
        drop(client);
        answer
    };
    // The connection does the talking; it ends when the client is dropped.
    let (answer, _closed) = tokio::join!(asked, connection);
    answer.map(|_rows| ())
}

/// The states of <https://www.postgresql.org/docs/current/errcodes-appendix.html> that waiting does
/// not change are told apart; everything else may pass.
fn judge(options: &Postgres, error: &tokio_postgres::Error) -> Readiness {
    let Some(refused) = error.as_db_error() else {
        // Refused, reset and closed are all the same here: the engine's port proxy answers for a
        // server that is not there yet, now in one way and now in another.
        return Readiness::NotYet("it does not answer".to_owned());
    };
    let code = refused.code();
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        Readiness::Never(Never::password(&options.login, refused.message()))
    } else if *code == SqlState::UNDEFINED_DATABASE {
        Readiness::Never(Never::PostgresDatabaseMissing {
            database: options.database.clone(),
        })
    } else {
        Readiness::NotYet(refused.message().to_owned())
    }
}
