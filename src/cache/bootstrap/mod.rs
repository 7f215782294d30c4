//! The bootstrap coordinator: after each restart of the server, keys that may be stale are flushed
//! once, whoever of devinfra and the application's workers comes first.
//!
//! The protocol is the workers': a marker holds the `run_id` of the server that was flushed for
//! last, and a lock says that somebody is flushing. Done better than the workers do it:
//!
//! - one pass over the keys for all prefixes, with keys removed in batches;
//! - the lock is renewed while the flush runs, and released by its holder only;
//! - the marker is written together with the release, and only over the connection that flushed.
//!   A connection ends with the server's process, so the marker can't be that of another run.

mod lock;
mod sweep;

use std::net::SocketAddr;
use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, sleep};

use super::facts::unique;
use super::server::Server;
use super::{Info, Namespace, Patience, Refused};
use crate::model::Valkey;
use lock::Lock;
use sweep::{Swept, sweep};

/// How long things may take. The defaults are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long the lock lives when its holder is gone.
    pub lock: Duration,
    /// How often the holder renews it.
    pub renew: Duration,
    /// How long another holder, or a server that restarts, is waited for.
    pub wait: Duration,
    /// How long the server may take to answer one command.
    pub answer: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lock: Duration::from_secs(30),
            renew: Duration::from_secs(5),
            wait: Duration::from_secs(35),
            answer: Duration::from_secs(10),
        }
    }
}

/// What a bootstrap came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrapped {
    /// It had been done for this run of the server.
    Current,
    /// The keys were flushed.
    Flushed {
        /// How many there were.
        keys: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// Another holder of the lock did it meanwhile.
    ByAnother {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// Why a bootstrap was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// The server did not answer, or refused.
    #[error("the server refused: {0}")]
    Refused(Refused),
    /// The server is a replica, which takes no writes.
    #[error("the server is a read-only replica of {primary}")]
    Replica {
        /// The server that it follows.
        primary: String,
    },
    /// The server is one of several that share the keys, and would flush its own part only.
    #[error("the server is part of a cluster, and would flush only its own share of the keys")]
    Cluster,
    /// Somebody else holds the lock and does not finish.
    #[error("another worker holds the lock, and did not finish within {} s", .waited.as_secs())]
    Busy {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// Flushes what must not survive a restart, unless that has been done for this run of the server.
///
/// # Errors
///
/// See [`BootstrapError`]. A server that restarts meanwhile is waited for, and flushed anew.
pub async fn bootstrap(
    options: &Valkey,
    address: SocketAddr,
    namespace: &Namespace,
    timing: Timing,
) -> Result<Bootstrapped, BootstrapError> {
    let now = Instant::now();
    let mut coordinator = Coordinator {
        options,
        address,
        namespace,
        timing,
        // One for all attempts: a lock that a restarted server has loaded from disk is still ours.
        lock: Lock::new(namespace.lock(), unique(), timing.lock),
        began: now,
        progress: now,
        flushed: 0,
        waited: false,
    };
    let mut connected = false;
    loop {
        match coordinator.attempt(&mut connected).await {
            Err(BootstrapError::Refused(refused))
                if connected
                    && refused.is_restart()
                    && coordinator.progress.elapsed() < timing.wait =>
            {
                sleep(Duration::from_millis(25)).await;
            }
            done => return done,
        }
    }
}

struct Coordinator<'a> {
    options: &'a Valkey,
    address: SocketAddr,
    namespace: &'a Namespace,
    timing: Timing,
    lock: Lock,
    began: Instant,
    /// When it last got anywhere: patience with others counts from here.
    progress: Instant,
    flushed: u64,
    waited: bool,
}

impl Coordinator<'_> {
    /// Goes as far as one connection, and so one run of the server, goes.
    async fn attempt(&mut self, connected: &mut bool) -> Result<Bootstrapped, BootstrapError> {
        let patience = Patience {
            connect: self.timing.answer.min(Duration::from_secs(2)),
            answer: self.timing.answer,
        };
        let mut server = Server::connect(self.options, self.address, patience).await?;
        let info = server.info().await?;
        *connected = true;
        let run_id = flushable(&info)?.to_owned();
        let mut pause = Duration::from_millis(10);
        loop {
            if self.is_marked(&mut server, &run_id).await? {
                return Ok(self.done_by_others());
            }
            if self.lock.take(&mut server).await? {
                // Another may have finished between the two questions.
                if self.is_marked(&mut server, &run_id).await? {
                    self.lock.release(&mut server).await?;
                    return Ok(self.done_by_others());
                }
                if self.flush(&mut server, &run_id).await? {
                    return Ok(Bootstrapped::Flushed {
                        keys: self.flushed,
                        elapsed: self.began.elapsed(),
                    });
                }
            }
            self.waited = true;
            let waited = self.progress.elapsed();
            if waited >= self.timing.wait {
                return Err(BootstrapError::Busy { waited });
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Whether the flush was completed as holder of the lock.
    async fn flush(&mut self, server: &mut Server, run_id: &str) -> Result<bool, Refused> {
        let swept = sweep(server, self.namespace, &self.lock, self.timing.renew).await;
        self.progress = Instant::now();
        match swept? {
            Swept::All { keys } => {
                self.flushed += keys;
                let marker = self.namespace.marker();
                self.lock.finish(server, &marker, run_id).await
            }
            Swept::LockLost { keys } => {
                self.flushed += keys;
                Ok(false)
            }
        }
    }

    async fn is_marked(&self, server: &mut Server, run_id: &str) -> Result<bool, Refused> {
        let marker: Option<Vec<u8>> = server.ask(cmd("GET").arg(self.namespace.marker())).await?;
        Ok(marker.is_some_and(|marker| marker == run_id.as_bytes()))
    }

    fn done_by_others(&self) -> Bootstrapped {
        if self.waited {
            Bootstrapped::ByAnother {
                waited: self.began.elapsed(),
            }
        } else {
            Bootstrapped::Current
        }
    }
}

/// The `run_id` of a server that holds all the keys and takes writes.
fn flushable(info: &Info) -> Result<&str, BootstrapError> {
    if info.is_set("loading") {
        let (code, said) = ("LOADING".to_owned(), "it is loading its data".to_owned());
        return Err(Refused::Said { code, said }.into());
    }
    if info.is_set("cluster_enabled") {
        return Err(BootstrapError::Cluster);
    }
    if info.get("role") == Some("slave") {
        let part = |name| info.get(name).unwrap_or("?");
        let primary = format!("{}:{}", part("master_host"), part("master_port"));
        return Err(BootstrapError::Replica { primary });
    }
    info.run_id()
        .ok_or(BootstrapError::Refused(Refused::NotValkey))
}

impl From<Refused> for BootstrapError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_its_own_is_flushed() {
        let alone = Info::parse("run_id:aaaa\nrole:master\ncluster_enabled:0\nloading:0");
        assert_eq!(flushable(&alone), Ok("aaaa"));
        let replica = Info::parse("run_id:a\nrole:slave\nmaster_host:10.0.0.1\nmaster_port:6379");
        assert_eq!(
            flushable(&replica).unwrap_err().to_string(),
            "the server is a read-only replica of 10.0.0.1:6379"
        );
        let part = Info::parse("run_id:a\nrole:master\ncluster_enabled:1");
        assert_eq!(flushable(&part), Err(BootstrapError::Cluster));
        let loading = flushable(&Info::parse("run_id:a\nloading:1")).map(str::to_owned);
        assert!(matches!(loading, Err(BootstrapError::Refused(refused)) if refused.is_restart()));
    }
}
