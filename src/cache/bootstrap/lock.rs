//! The lock that says who flushes: renewed and released by its holder only.

use std::time::Duration;

use redis::cmd;

use crate::cache::Refused;
use crate::cache::server::Server;

/// Keeps the lock, if it is ours.
const RENEW: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
    return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";

/// Gives the lock up, if it is ours.
const RELEASE: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
    return redis.call('del', KEYS[1]) else return 0 end";

/// Writes the marker, which has no TTL, and gives the lock up, if it is ours.
const FINISH: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
    redis.call('set', KEYS[2], ARGV[2]) redis.call('del', KEYS[1]) return 1 else return 0 end";

/// The lock, and what we write into it.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    key: String,
    token: String,
    lives: Duration,
}

impl Lock {
    pub(super) fn new(key: String, token: String, lives: Duration) -> Self {
        Self { key, token, lives }
    }

    /// Whether it is ours now: taken, or held already.
    pub(super) async fn take(&self, server: &mut Server) -> Result<bool, Refused> {
        let mut set = cmd("SET");
        set.arg(&self.key).arg(&self.token).arg("NX");
        set.arg("PX").arg(self.millis());
        let taken: Option<String> = server.ask(&set).await?;
        Ok(taken.is_some() || self.renew(server).await?)
    }

    /// Whether it is still ours, for a whole life from now on.
    pub(super) async fn renew(&self, server: &mut Server) -> Result<bool, Refused> {
        let mut eval = cmd("EVAL");
        eval.arg(RENEW).arg(1).arg(&self.key);
        eval.arg(&self.token).arg(self.millis());
        server.ask(&eval).await
    }

    /// Gives it up. One that is another's by now stays.
    pub(super) async fn release(&self, server: &mut Server) -> Result<(), Refused> {
        let mut eval = cmd("EVAL");
        eval.arg(RELEASE).arg(1).arg(&self.key).arg(&self.token);
        server.ask(&eval).await
    }

    /// Writes the marker and gives the lock up, in one; `false` when it is no longer ours.
    pub(super) async fn finish(
        &self,
        server: &mut Server,
        marker: &str,
        run_id: &str,
    ) -> Result<bool, Refused> {
        let mut eval = cmd("EVAL");
        eval.arg(FINISH).arg(2).arg(&self.key).arg(marker);
        eval.arg(&self.token).arg(run_id);
        server.ask(&eval).await
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.lives.as_millis()).unwrap_or(u64::MAX)
    }
}
