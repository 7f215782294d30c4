//! Keys that are planted before a restart and looked for after it.
//!
//! They stand in a scratch namespace of their own, under every prefix of the application's, and
//! under the application's prefixes themselves. Each ends in an id that is made for this run, and
//! expires within a quarter of an hour: what a killed run leaves goes by itself, and the next run
//! removes it first.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use redis::{Cmd, cmd, pipe};

use super::facts::unique;
use super::server::Server;
use super::{Foreign, Namespace, Patience, Refused};
use crate::model::Valkey;

/// What every canary's name holds.
pub(super) const MARK: &str = "devinfra-canary-";
/// How long a canary lives.
const LIFE_SECONDS: u64 = 900;

/// What must become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It survives the restart and the flush.
    Kept,
    /// It survives the restart, and is flushed.
    Flushed,
}

/// The canaries of one run.
#[derive(Debug, Clone)]
pub struct Canaries {
    id: String,
    scratch: Namespace,
    /// Those under the scratch namespace and beside it.
    own: BTreeMap<String, Fate>,
    /// Those under the application's prefixes.
    real: BTreeMap<String, Fate>,
}

/// What the restart and the flush did to the keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survival {
    /// Canaries that the restart lost.
    pub lost: Vec<String>,
    /// Canaries that the flush took, and should not have.
    pub overflushed: Vec<String>,
    /// Canaries that the flush left, and should not have.
    pub unflushed: Vec<String>,
    /// Keys of others that are gone, though they had not expired.
    pub foreign_lost: Vec<String>,
    /// Keys of others that have another value.
    pub foreign_changed: usize,
    /// How many keys of others were compared.
    pub foreign: usize,
}

impl Canaries {
    /// Canaries for the application's prefixes; for two of our own where it names none.
    pub fn new(keys: Option<&Namespace>) -> Self {
        let id = unique();
        let name = format!("{MARK}{id}");
        let scratch = match keys {
            Some(keys) => keys.renamed(name.clone()),
            None => Namespace::of_two(name.clone(), "stale:", "lasting:"),
        };
        let mut own: BTreeMap<String, Fate> = under(&scratch, "canary").collect();
        // Neighbours that a careless pattern would take along.
        own.insert(format!("{name}:other"), Fate::Kept);
        for prefix in scratch.flushed() {
            own.insert(format!("{name}2:{prefix}canary"), Fate::Kept);
            own.insert(format!("{name}:x:{prefix}canary"), Fate::Kept);
        }
        let real = keys.map(|keys| under(keys, &name).collect());
        Self {
            real: real.unwrap_or_default(),
            id,
            scratch,
            own,
        }
    }

    /// The namespace that is flushed for the canaries' sake.
    pub fn scratch(&self) -> &Namespace {
        &self.scratch
    }

    /// Removes what earlier runs left, and plants the canaries.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub async fn plant(
        &self,
        options: &Valkey,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<(), Refused> {
        let mut server = Server::connect(options, address, Patience::of(patience)).await?;
        remove_marked(&mut server).await?;
        let mut plant = pipe();
        for key in self.own.keys().chain(self.real.keys()) {
            plant.cmd("SET").arg(key).arg(&self.id);
            plant.arg("EX").arg(LIFE_SECONDS).ignore();
        }
        server.ask_all(&plant).await
    }

    /// Those of the scratch namespace and beside it that the restart lost.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub async fn lost(
        &self,
        options: &Valkey,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Vec<String>, Refused> {
        let mut server = Server::connect(options, address, Patience::of(patience)).await?;
        let all = self.own.keys();
        let there = self.there(&mut server, all.clone()).await?;
        let lost = all.zip(there).filter(|(_, there)| !there);
        Ok(lost.map(|(key, _)| key.clone()).collect())
    }

    /// What has become of all of them, and of the keys of others.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub async fn survival(
        &self,
        options: &Valkey,
        address: SocketAddr,
        patience: Duration,
        (lost, foreign): (Vec<String>, &Foreign),
    ) -> Result<Survival, Refused> {
        let mut server = Server::connect(options, address, Patience::of(patience)).await?;
        let mut survival = Survival {
            lost,
            ..Survival::default()
        };
        let all = self.own.iter().chain(&self.real);
        let there = self
            .there(&mut server, all.clone().map(|(key, _)| key))
            .await?;
        for ((key, fate), there) in all.zip(there) {
            match (fate, there) {
                (Fate::Kept, false) if !survival.lost.contains(key) => {
                    survival.overflushed.push(key.clone());
                }
                (Fate::Flushed, true) => survival.unflushed.push(key.clone()),
                (Fate::Kept, _) | (Fate::Flushed, false) => {}
            }
        }
        foreign.compare(&mut server, &mut survival).await?;
        Ok(survival)
    }

    /// Removes every canary, whoever planted it.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub async fn remove(
        options: &Valkey,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<(), Refused> {
        let mut server = Server::connect(options, address, Patience::of(patience)).await?;
        remove_marked(&mut server).await
    }

    async fn there<'a>(
        &self,
        server: &mut Server,
        keys: impl Iterator<Item = &'a String>,
    ) -> Result<Vec<bool>, Refused> {
        let mut get = pipe();
        for key in keys {
            get.cmd("GET").arg(key);
        }
        let values: Vec<Option<String>> = server.ask_all(&get).await?;
        let is_ours = |value: Option<String>| value.as_deref() == Some(&self.id);
        Ok(values.into_iter().map(is_ours).collect())
    }
}

/// One canary under each prefix of the namespace.
fn under<'a>(
    namespace: &'a Namespace,
    name: &'a str,
) -> impl Iterator<Item = (String, Fate)> + use<'a> {
    let all = namespace.flushed().iter().chain(namespace.kept());
    all.map(move |prefix| {
        let key = format!("{}:{prefix}{name}", namespace.name());
        let fate = match namespace.flushed_for(key.as_bytes()) {
            Some(_) => Fate::Flushed,
            None => Fate::Kept,
        };
        (key, fate)
    })
}

async fn remove_marked(server: &mut Server) -> Result<(), Refused> {
    let mut cursor = 0_u64;
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("*{MARK}*"));
        scan.arg("COUNT").arg(1000);
        let (next, keys) = server.page(&scan).await?;
        if !keys.is_empty() {
            server.ask::<u64>(&Cmd::unlink(&keys)).await?;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ValkeyKeys;

    #[test]
    fn canaries_stand_under_every_prefix_with_their_fate() {
        let keys = ValkeyKeys {
            namespace: "kh".to_owned(),
            flushed: vec!["list:".to_owned()],
            kept: vec!["lakefs:list:".to_owned()],
        };
        let canaries = Canaries::new(Namespace::new(&keys).ok().as_ref());
        let name = canaries.scratch().name();
        assert_eq!(canaries.own[&format!("{name}:list:canary")], Fate::Flushed);
        assert_eq!(canaries.own[&format!("{name}2:list:canary")], Fate::Kept);
        assert_eq!(
            canaries.own[&format!("{name}:lakefs:list:canary")],
            Fate::Kept
        );
        assert_eq!(canaries.real.len(), 2);
        assert!(canaries.real.keys().all(|key| key.contains(MARK)));
        assert_ne!(Canaries::new(None).scratch(), canaries.scratch());
    }
}
