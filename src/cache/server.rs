//! Questions to a server, with refusals sorted.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, Pipeline, cmd};

use super::{Info, Patience, Refused, connect};
use crate::model::Valkey;

/// One connection to a server. One that has fallen silent is not asked again.
pub(super) struct Server {
    connection: MultiplexedConnection,
    patience: Duration,
    /// Why nothing more is asked.
    silent: Option<Refused>,
}

impl Server {
    pub(super) async fn connect(
        options: &Valkey,
        address: SocketAddr,
        patience: Patience,
    ) -> Result<Self, Refused> {
        let connection = connect(options, address, patience)
            .await
            .map_err(|error| Refused::from_error(&error, patience.connect))?;
        Ok(Self {
            connection,
            patience: patience.answer,
            silent: None,
        })
    }

    /// All that INFO says.
    pub(super) async fn info(&mut self) -> Result<Info, Refused> {
        let text: String = self.ask(&cmd("INFO")).await?;
        Ok(Info::parse(&text))
    }

    /// One page of a SCAN: the next cursor, which is 0 at the end, and the keys.
    pub(super) async fn page(&mut self, scan: &Cmd) -> Result<(u64, Vec<Vec<u8>>), Refused> {
        self.ask(scan).await
    }

    pub(super) async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Refused> {
        if let Some(refused) = &self.silent {
            return Err(refused.clone());
        }
        let answer = command.query_async(&mut self.connection).await;
        answer.map_err(|error| self.refused(&Refused::from_error(&error, self.patience)))
    }

    pub(super) async fn ask_all<T: FromRedisValue>(
        &mut self,
        commands: &Pipeline,
    ) -> Result<T, Refused> {
        if let Some(refused) = &self.silent {
            return Err(refused.clone());
        }
        let answer = commands.query_async(&mut self.connection).await;
        answer.map_err(|error| self.refused(&Refused::from_error(&error, self.patience)))
    }

    fn refused(&mut self, refused: &Refused) -> Refused {
        if matches!(
            refused,
            Refused::Silent(_) | Refused::Closed | Refused::Unreachable(_)
        ) {
            self.silent = Some(refused.clone());
        }
        refused.clone()
    }
}
