//! Statistics: what the server counts, and what its keys are, from one pass over them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use redis::{Value, cmd, pipe};

use super::facts::lasting;
use super::server::Server;
use super::{Info, Namespace, Patience, Refused};
use crate::model::Valkey;

/// How many keys a page looks at.
const PAGE: usize = 1000;
/// How many keys of each prefix are weighed.
const WEIGHED: usize = 50;
/// How many keys are asked how often they are used.
const HEARD: usize = 2000;
/// How many of the hottest keys are named.
const HOTTEST: usize = 5;
/// How many groups are told apart where the stack file names no prefixes.
const GROUPS: usize = 12;

/// What is known of a cache at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// What the server counts.
    pub info: Info,
    /// Keys in the application's database.
    pub keys: u64,
    /// Those of them that never expire, the marker aside.
    pub lasting: u64,
    /// How many keys were looked at for all that follows: `keys`, or fewer, and then counts and
    /// bytes are estimates.
    pub looked_at: u64,
    /// Those among them that are the marker and the lock of the flush, which no group counts.
    pub protocol: u64,
    /// Keys by their prefixes, the most first.
    pub groups: Vec<Group>,
    /// The keys that are used most, where the server keeps count; from a sample.
    pub hottest: Vec<HotKey>,
    /// Whether the keys were flushed for this run of the server; `None` where the stack file names
    /// none.
    pub is_flushed: Option<bool>,
}

/// The keys of one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The prefix.
    pub prefix: String,
    /// What becomes of them after a restart.
    pub mode: Mode,
    /// How many.
    pub keys: u64,
    /// Those of them that never expire.
    pub lasting: u64,
    /// What they take, from the weight of some of them.
    pub bytes: u64,
}

/// What becomes of keys after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// They are flushed (Mode B).
    Flushed,
    /// They survive (Mode A).
    Kept,
    /// They are none of the stack file's prefixes.
    Other,
}

/// A key that is used much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotKey {
    /// The key, its unprintable bytes escaped.
    pub key: String,
    /// The server's logarithmic count of its uses.
    pub frequency: u64,
}

/// Looks at the server, and at up to `limit` of its keys.
///
/// # Errors
///
/// When the server does not answer, or refuses.
pub async fn take_stats(
    options: &Valkey,
    address: SocketAddr,
    limit: u64,
    patience: Duration,
) -> Result<Stats, Refused> {
    let mut server = Server::connect(options, address, Patience::of(patience)).await?;
    // Reading must not make a key look used. Servers before 7.2 don't know this; a refusal costs
    // nothing but that.
    let untouched = cmd("CLIENT").arg("NO-TOUCH").arg("ON").to_owned();
    server.ask::<String>(&untouched).await.ok();
    let info = server.info().await?;
    let namespace = options.keys.as_ref();
    let namespace = namespace.and_then(|keys| Namespace::new(keys).ok());
    let marker: Option<Vec<u8>> = match &namespace {
        Some(namespace) => server.ask(cmd("GET").arg(namespace.marker())).await?,
        None => None,
    };
    let keyspace = info.keyspace(options.database);
    let lasting = lasting(keyspace, marker.is_some());
    let mut pass = Pass {
        asks_for_ttl: lasting > 0,
        ..Pass::default()
    };
    pass.over(&mut server, namespace.as_ref(), limit).await?;
    let is_lfu = info
        .get("maxmemory_policy")
        .is_some_and(|policy| policy.ends_with("lfu"));
    let hottest = if is_lfu {
        hottest(&mut server, &pass.heard).await?
    } else {
        Vec::new()
    };
    let is_flushed = namespace.map(|_| marker.as_deref() == info.run_id().map(str::as_bytes));
    Ok(Stats {
        keys: keyspace.keys,
        lasting,
        looked_at: pass.seen,
        protocol: pass.protocol,
        groups: pass.groups(&mut server, keyspace.keys).await?,
        hottest,
        is_flushed,
        info,
    })
}

/// One pass over the keys.
#[derive(Debug, Default)]
struct Pass {
    seen: u64,
    protocol: u64,
    /// Whether there are keys that never expire.
    asks_for_ttl: bool,
    /// Whether it ended before all keys were seen.
    is_cut: bool,
    found: BTreeMap<(Mode, String), Found>,
    heard: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Found {
    keys: u64,
    lasting: u64,
    some: Vec<Vec<u8>>,
}

impl Pass {
    async fn over(
        &mut self,
        server: &mut Server,
        namespace: Option<&Namespace>,
        limit: u64,
    ) -> Result<(), Refused> {
        let mut cursor = 0_u64;
        loop {
            let scan = cmd("SCAN").arg(cursor).arg("COUNT").arg(PAGE).to_owned();
            let (next, keys) = server.page(&scan).await?;
            let left: Vec<i64> = if self.asks_for_ttl {
                let mut asked = pipe();
                for key in &keys {
                    asked.cmd("TTL").arg(key);
                }
                server.ask_all(&asked).await?
            } else {
                Vec::new()
            };
            let mut left = left.into_iter();
            for key in keys {
                self.see(key, left.next() == Some(-1), namespace);
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
            if self.seen >= limit {
                self.is_cut = true;
                return Ok(());
            }
        }
    }

    fn see(&mut self, key: Vec<u8>, is_lasting: bool, namespace: Option<&Namespace>) {
        self.seen += 1;
        if namespace.is_some_and(|namespace| namespace.is_protocol(&key)) {
            self.protocol += 1;
            return;
        }
        let found = self.found.entry(group_of(&key, namespace)).or_default();
        found.keys += 1;
        found.lasting += u64::from(is_lasting);
        if self.heard.len() < HEARD {
            self.heard.push(key.clone());
        }
        if found.some.len() < WEIGHED {
            found.some.push(key);
        }
    }

    async fn groups(self, server: &mut Server, keys: u64) -> Result<Vec<Group>, Refused> {
        let (is_cut, seen) = (self.is_cut, self.seen);
        let scaled = |number: u64| {
            if is_cut {
                number.saturating_mul(keys) / seen.max(1)
            } else {
                number
            }
        };
        let mut groups = Vec::new();
        for ((mode, prefix), found) in self.found {
            let mut asked = pipe();
            for key in &found.some {
                asked.cmd("MEMORY").arg("USAGE").arg(key);
            }
            let weights: Vec<Option<u64>> = server.ask_all(&asked).await?;
            let weights: Vec<u64> = weights.into_iter().flatten().collect();
            let count = u64::try_from(weights.len()).unwrap_or(u64::MAX).max(1);
            let keys = scaled(found.keys);
            groups.push(Group {
                prefix,
                mode,
                keys,
                lasting: scaled(found.lasting),
                bytes: weights.iter().sum::<u64>().saturating_mul(keys) / count,
            });
        }
        groups.sort_by_key(|group| (u64::MAX - group.keys, group.prefix.clone()));
        Ok(few(groups))
    }
}

/// The prefix that a key is counted under. Without a namespace that is its part up to the first
/// colon.
fn group_of(key: &[u8], namespace: Option<&Namespace>) -> (Mode, String) {
    let Some(namespace) = namespace else {
        let first = key.split_inclusive(|byte| *byte == b':').next();
        let first = first.filter(|first| first.ends_with(b":"));
        let name = first.map(|first| first.escape_ascii().to_string());
        return (
            Mode::Other,
            name.unwrap_or_else(|| "(no prefix)".to_owned()),
        );
    };
    if let Some(prefix) = namespace.flushed_for(key) {
        (Mode::Flushed, prefix.to_owned())
    } else if let Some(prefix) = namespace.kept_for(key) {
        (Mode::Kept, prefix.to_owned())
    } else if namespace.within(key).is_some() {
        (Mode::Other, format!("(other of {})", namespace.name()))
    } else {
        (Mode::Other, format!("(not of {})", namespace.name()))
    }
}

/// The largest groups, and the rest as one.
fn few(mut groups: Vec<Group>) -> Vec<Group> {
    let is_named = |group: &Group| group.mode != Mode::Other;
    let others = groups.iter().filter(|group| !is_named(group)).count();
    if others <= GROUPS {
        return groups;
    }
    let rest = groups.split_off(GROUPS);
    let sum = |number: fn(&Group) -> u64| rest.iter().map(number).sum();
    groups.push(Group {
        prefix: "(the rest)".to_owned(),
        mode: Mode::Other,
        keys: sum(|group| group.keys),
        lasting: sum(|group| group.lasting),
        bytes: sum(|group| group.bytes),
    });
    groups
}

async fn hottest(server: &mut Server, keys: &[Vec<u8>]) -> Result<Vec<HotKey>, Refused> {
    let mut hot: Vec<(u64, &Vec<u8>)> = Vec::new();
    for batch in keys.chunks(500) {
        let mut asked = pipe();
        for key in batch {
            asked.cmd("OBJECT").arg("FREQ").arg(key);
        }
        // A key that has gone meanwhile answers nothing.
        let answers: Vec<Value> = server.ask_all(&asked).await?;
        hot.extend(
            answers
                .iter()
                .zip(batch)
                .filter_map(|(answer, key)| match answer {
                    Value::Int(frequency) => Some((u64::try_from(*frequency).ok()?, key)),
                    _ => None,
                }),
        );
    }
    hot.sort_by(|one, other| (other.0, one.1).cmp(&(one.0, other.1)));
    hot.dedup();
    let named = hot
        .into_iter()
        .take(HOTTEST)
        .map(|(frequency, key)| HotKey {
            key: key.escape_ascii().to_string(),
            frequency,
        });
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ValkeyKeys;

    #[test]
    fn keys_are_grouped_by_the_stack_files_prefixes() {
        let keys = ValkeyKeys {
            namespace: "kh".to_owned(),
            flushed: vec!["list:".to_owned()],
            kept: vec!["lakefs:list:".to_owned()],
        };
        let namespace = Namespace::new(&keys).unwrap();
        let group = |key: &str| group_of(key.as_bytes(), Some(&namespace));
        assert_eq!(group("kh:list:x"), (Mode::Flushed, "list:".to_owned()));
        assert_eq!(
            group("kh:lakefs:list:x"),
            (Mode::Kept, "lakefs:list:".to_owned())
        );
        assert_eq!(group("kh:x"), (Mode::Other, "(other of kh)".to_owned()));
        assert_eq!(group("kh2:list:x"), (Mode::Other, "(not of kh)".to_owned()));
    }

    #[test]
    fn without_a_namespace_the_first_part_is_the_prefix() {
        assert_eq!(
            group_of(b"user:1:x", None),
            (Mode::Other, "user:".to_owned())
        );
        assert_eq!(
            group_of(b"plain", None),
            (Mode::Other, "(no prefix)".to_owned())
        );
    }

    #[test]
    fn many_small_groups_become_one() {
        let group = |number: u64| Group {
            prefix: format!("{number}:"),
            mode: Mode::Other,
            keys: 100 - number,
            lasting: 1,
            bytes: 1,
        };
        let all = few((0..20).map(group).collect());
        assert_eq!(all.len(), GROUPS + 1);
        assert_eq!(all.last().unwrap().bytes, 8);
    }
}
