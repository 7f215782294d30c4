//! Keys of others, as they were before a restart: a sample, compared afterwards.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use redis::{Value, cmd, pipe};
use tokio::time::Instant;

use super::canaries::MARK;
use super::server::Server;
use super::{Namespace, Patience, Refused, Survival};
use crate::model::Valkey;

/// How many keys are compared.
const SAMPLE: usize = 10_000;
/// How many keys are asked about in one trip.
const BATCH: usize = 200;

/// Keys of others as they were before the restart.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    hasher: RandomState,
    keys: BTreeMap<Vec<u8>, Print>,
    taken: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Print {
    value: u64,
    /// Only strings are the same byte by byte after they were loaded: the order inside a set is not.
    is_string: bool,
    /// How long it had to live; negative when for ever.
    left_millis: i64,
}

impl Foreign {
    /// Takes the prints of keys that are neither canaries nor flushed after a restart.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub async fn take(
        options: &Valkey,
        address: SocketAddr,
        patience: Duration,
        keys: Option<&Namespace>,
    ) -> Result<Self, Refused> {
        let mut server = Server::connect(options, address, Patience::of(patience)).await?;
        // Reading must not make a key look used. Servers before 7.2 don't know this; a refusal
        // costs nothing but that.
        let untouched = cmd("CLIENT").arg("NO-TOUCH").arg("ON").to_owned();
        server.ask::<String>(&untouched).await.ok();
        let mut foreign = Self {
            taken: Some(Instant::now()),
            ..Self::default()
        };
        let mut cursor = 0_u64;
        while foreign.keys.len() < SAMPLE {
            let scan = cmd("SCAN").arg(cursor).arg("COUNT").arg(BATCH).to_owned();
            let (next, mut page) = server.page(&scan).await?;
            page.retain(|key| is_foreign(key, keys));
            let prints = foreign.prints(&mut server, &page).await?;
            let found = page.into_iter().zip(prints);
            let found = found.filter_map(|(key, print)| Some((key, print?)));
            foreign.keys.extend(found);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        Ok(foreign)
    }

    async fn prints(
        &self,
        server: &mut Server,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<Print>>, Refused> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut asked = pipe();
        for key in keys {
            asked.cmd("TYPE").arg(key);
            asked.cmd("DUMP").arg(key);
            asked.cmd("PTTL").arg(key);
        }
        let answers: Vec<Value> = server.ask_all(&asked).await?;
        let each = answers.chunks(3).map(|answer| match answer {
            [kind, Value::BulkString(dump), Value::Int(left)] => Some(Print {
                value: self.hasher.hash_one(dump),
                is_string: matches!(kind, Value::SimpleString(kind) if kind == "string"),
                left_millis: *left,
            }),
            _ => None,
        });
        Ok(each.collect())
    }

    pub(super) async fn compare(
        &self,
        server: &mut Server,
        survival: &mut Survival,
    ) -> Result<(), Refused> {
        survival.foreign = self.keys.len();
        let passed = self.taken.map(|taken| taken.elapsed()).unwrap_or_default();
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let all: Vec<(&Vec<u8>, &Print)> = self.keys.iter().collect();
        for batch in all.chunks(BATCH) {
            let keys: Vec<Vec<u8>> = batch.iter().map(|(key, _)| (*key).clone()).collect();
            let now = self.prints(server, &keys).await?;
            for ((key, before), after) in batch.iter().zip(now) {
                match after {
                    None if before.has_expired(passed) => survival.foreign -= 1,
                    None => survival.foreign_lost.push(key.escape_ascii().to_string()),
                    Some(after) if before.differs(&after) => survival.foreign_changed += 1,
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

impl Print {
    fn has_expired(&self, passed_millis: i64) -> bool {
        self.left_millis >= 0 && self.left_millis <= passed_millis + 1000
    }

    fn differs(&self, after: &Self) -> bool {
        self.is_string != after.is_string || (self.is_string && self.value != after.value)
    }
}

fn is_foreign(key: &[u8], keys: Option<&Namespace>) -> bool {
    let is_canary = key
        .windows(MARK.len())
        .any(|window| window == MARK.as_bytes());
    let own = keys.is_some_and(|keys| keys.flushed_for(key).is_some() || keys.is_protocol(key));
    !is_canary && !own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ValkeyKeys;

    #[test]
    fn keys_that_are_flushed_anyway_are_not_foreign() {
        let keys = ValkeyKeys {
            namespace: "kh".to_owned(),
            flushed: vec!["list:".to_owned()],
            kept: Vec::new(),
        };
        let keys = Namespace::new(&keys).unwrap();
        assert!(is_foreign(b"kh:lakefs:list:x", Some(&keys)));
        assert!(!is_foreign(b"kh:list:x", Some(&keys)));
        assert!(!is_foreign(keys.marker().as_bytes(), Some(&keys)));
        assert!(!is_foreign(b"x:devinfra-canary-1", None));
    }

    #[test]
    fn a_key_that_was_to_expire_is_not_lost() {
        let print = |left_millis| Print {
            value: 1,
            is_string: true,
            left_millis,
        };
        assert!(print(500).has_expired(600));
        assert!(!print(60_000).has_expired(600));
        assert!(!print(-1).has_expired(i64::MAX - 2000));
    }
}
