//! How many keys a bootstrap would flush: counted, and nothing changed.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use redis::cmd;

use super::server::Server;
use super::{Namespace, Patience, Refused};
use crate::model::Valkey;

/// How many keys a page looks at.
const PAGE: usize = 1000;

/// The application's keys by their prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// Whether they have been flushed for this run of the server, so that none would go.
    pub is_current: bool,
    /// Keys of prefixes that are flushed.
    pub flushed: Vec<PrefixCount>,
    /// Keys of prefixes that are kept.
    pub kept: Vec<PrefixCount>,
    /// Keys of the namespace under neither, the marker and the lock aside.
    pub other: u64,
}

/// A prefix and how many keys have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixCount {
    /// The prefix, behind the namespace.
    pub prefix: String,
    /// How many keys.
    pub keys: u64,
}

/// Counts the application's keys.
///
/// # Errors
///
/// When the server does not answer, or refuses.
pub async fn take_census(
    options: &Valkey,
    address: SocketAddr,
    namespace: &Namespace,
    patience: Duration,
) -> Result<Census, Refused> {
    let mut server = Server::connect(options, address, Patience::of(patience)).await?;
    let run_id = server.info().await?.run_id().unwrap_or_default().to_owned();
    let marker: Option<Vec<u8>> = server.ask(cmd("GET").arg(namespace.marker())).await?;
    let mut tally = Tally::new(namespace);
    let mut cursor = 0_u64;
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(namespace.pattern());
        scan.arg("COUNT").arg(PAGE);
        let (next, keys) = server.page(&scan).await?;
        for key in &keys {
            tally.count(key);
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    Ok(Census {
        is_current: marker.is_some_and(|marker| marker == run_id.as_bytes()),
        ..tally.finish()
    })
}

/// The hashes of the keys seen, by prefix: SCAN may list a key twice, and a hash is smaller than a
/// key.
struct Tally<'a> {
    namespace: &'a Namespace,
    hasher: RandomState,
    flushed: BTreeMap<&'a str, Vec<u64>>,
    kept: BTreeMap<&'a str, Vec<u64>>,
    other: Vec<u64>,
}

impl<'a> Tally<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        Self {
            namespace,
            hasher: RandomState::new(),
            flushed: BTreeMap::new(),
            kept: BTreeMap::new(),
            other: Vec::new(),
        }
    }

    fn count(&mut self, key: &[u8]) {
        let hash = self.hasher.hash_one(key);
        if let Some(prefix) = self.namespace.flushed_for(key) {
            self.flushed.entry(prefix).or_default().push(hash);
        } else if let Some(prefix) = self.namespace.kept_for(key) {
            self.kept.entry(prefix).or_default().push(hash);
        } else if !self.namespace.is_protocol(key) {
            self.other.push(hash);
        }
    }

    fn finish(mut self) -> Census {
        let by_prefix = |prefixes: &[String], seen: &mut BTreeMap<&str, Vec<u64>>| {
            let counts = prefixes.iter().map(|prefix| PrefixCount {
                prefix: prefix.clone(),
                keys: distinct(seen.remove(prefix.as_str()).unwrap_or_default()),
            });
            counts.collect()
        };
        Census {
            is_current: false,
            flushed: by_prefix(self.namespace.flushed(), &mut self.flushed),
            kept: by_prefix(self.namespace.kept(), &mut self.kept),
            other: distinct(self.other),
        }
    }
}

fn distinct(mut hashes: Vec<u64>) -> u64 {
    hashes.sort_unstable();
    hashes.dedup();
    u64::try_from(hashes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ValkeyKeys;

    #[test]
    fn a_key_that_is_listed_twice_counts_once() {
        let keys = ValkeyKeys {
            namespace: "kh".to_owned(),
            flushed: vec!["list:".to_owned(), "uo:".to_owned()],
            kept: vec!["lakefs:list:".to_owned()],
        };
        let namespace = Namespace::new(&keys).unwrap();
        let mut tally = Tally::new(&namespace);
        for key in [
            "kh:list:1",
            "kh:list:2",
            "kh:list:1",
            "kh:lakefs:list:1",
            "kh:other",
            "kh:cache:bootstrap_lock",
        ] {
            tally.count(key.as_bytes());
        }
        let census = tally.finish();
        let counts = |all: &[PrefixCount]| -> Vec<u64> { all.iter().map(|one| one.keys).collect() };
        assert_eq!(counts(&census.flushed), [2, 0]);
        assert_eq!(counts(&census.kept), [1]);
        assert_eq!(census.other, 1);
    }
}
