//! What a server says of itself: one gathering over one connection, nothing judged.
//!
//! Every part is asked for on its own, and a refusal is kept as what the server said: which parts
//! are refused tells as much as those that are answered.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use redis::{Cmd, cmd, pipe};
use tokio::time::Instant;

use super::server::Server;
use super::{Info, Keyspace, Namespace, Patience, Refused, connect};
use crate::model::Valkey;

/// The settings that are judged. Not `*`: that would bring passwords along.
const SETTINGS: [&str; 6] = [
    "save",
    "appendonly",
    "maxmemory",
    "maxmemory-policy",
    "dir",
    "stop-writes-on-bgsave-error",
];
/// How many round trips the latency is taken from.
const ROUND_TRIPS: usize = 100;
/// How many pages are looked through for keys without a TTL, and how many keys each has.
const PAGES: usize = 100;
const PAGE: usize = 1000;
/// How many examples of keys without a TTL are named.
const EXAMPLES: usize = 3;
/// How long the scratch key of a round trip lives if it can't be removed.
const SCRATCH_SECONDS: u64 = 30;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// How long INFO took, from the start of the connection.
    pub answered_in: Duration,
    /// The fields of INFO.
    pub info: Info,
    /// Its live configuration.
    pub configuration: Result<BTreeMap<String, String>, Refused>,
    /// The server's own end of the connection, inside its container; older servers don't say it.
    pub local_address: Option<IpAddr>,
    /// The bootstrap marker, where the stack file names the application's keys.
    pub marker: Option<Result<Option<Vec<u8>>, Refused>>,
    /// The keys without a TTL, the marker aside.
    pub without_ttl: WithoutTtl,
    /// What came of writing, reading and removing a key.
    pub round_trip: RoundTrip,
    /// How long round trips take.
    pub latency: Result<Latency, Refused>,
    /// Whether it answers somebody without a password; unknown when that could not be tried.
    pub open_to_all: Option<bool>,
}

/// Keys without a TTL, the marker aside: whose they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WithoutTtl {
    /// Some of the application's own.
    pub own: Vec<Vec<u8>>,
    /// Some of those outside its namespace.
    pub others: Vec<Vec<u8>>,
    /// How many outside its namespace were seen.
    pub others_seen: u64,
    /// Whether all keys were looked at.
    pub is_complete: bool,
}

/// What came of writing, reading and removing a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundTrip {
    /// All of it worked.
    Done,
    /// A command was refused.
    Refused {
        /// The command.
        command: &'static str,
        /// The refusal.
        refused: Refused,
    },
    /// A command was answered with something else than what was written.
    Wrong {
        /// The command.
        command: &'static str,
        /// The answer.
        answer: String,
    },
}

/// How long round trips take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half of them take no longer.
    pub p50: Duration,
    /// Ninety-nine of a hundred take no longer.
    pub p99: Duration,
}

impl Facts {
    /// A setting's live value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let configuration = self.configuration.as_ref().ok()?;
        configuration.get(name).map(String::as_str)
    }

    /// Whether the data outlives the server: it has save points, or logs every write.
    pub fn saves(&self) -> bool {
        let points = self.setting("save");
        self.info.is_set("aof_enabled") || points.is_some_and(|points| !points.trim().is_empty())
    }
}

/// Asks the server for everything that is judged. Takes a few times `patience` at the most: a
/// server that has fallen silent is not asked again.
///
/// # Errors
///
/// When it does not answer INFO, which every Valkey answers in every state.
pub async fn gather(
    options: &Valkey,
    address: SocketAddr,
    patience: Duration,
) -> Result<Facts, Refused> {
    let began = Instant::now();
    let mut server = Server::connect(options, address, Patience::of(patience)).await?;
    let info = server.info().await?;
    let answered_in = began.elapsed();
    if info.server().is_none() {
        return Err(Refused::NotValkey);
    }
    let configuration = server.configuration().await;
    let local_address = local_address(server.ask(cmd("CLIENT").arg("INFO")).await.ok());
    let namespace = options.keys.as_ref();
    let namespace = namespace.and_then(|keys| Namespace::new(keys).ok());
    let marker = match &namespace {
        Some(namespace) => Some(server.ask(cmd("GET").arg(namespace.marker())).await),
        None => None,
    };
    let is_marked = matches!(marker, Some(Ok(Some(_))));
    let lasting = lasting(info.keyspace(options.database), is_marked);
    let without_ttl = match &namespace {
        Some(namespace) if lasting > 0 => server.without_ttl(namespace).await,
        _ => WithoutTtl::default(),
    };
    Ok(Facts {
        answered_in,
        info,
        configuration,
        local_address,
        marker,
        without_ttl,
        round_trip: server.round_trip(namespace.as_ref()).await,
        latency: server.latency().await,
        open_to_all: open_to_all(options, address, patience).await,
    })
}

/// How many keys never expire, the marker aside.
pub(super) fn lasting(keyspace: Keyspace, is_marked: bool) -> u64 {
    let lasting = keyspace.keys.saturating_sub(keyspace.expires);
    lasting.saturating_sub(u64::from(is_marked))
}

/// Sixteen digits that nobody else uses.
pub(super) fn unique() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// `id=3 addr=172.18.0.1:40912 laddr=172.18.0.2:6379 fd=8 ...`
fn local_address(client_info: Option<String>) -> Option<IpAddr> {
    let text = client_info?;
    let word = text
        .split(' ')
        .find_map(|word| word.strip_prefix("laddr="))?;
    let address: SocketAddr = word.parse().ok()?;
    Some(address.ip().to_canonical())
}

/// Knocks without a password. Where none is declared, the answer is known already.
async fn open_to_all(options: &Valkey, address: SocketAddr, patience: Duration) -> Option<bool> {
    if options.password.is_none() {
        return Some(true);
    }
    let stranger = Valkey {
        password: None,
        username: None,
        database: 0,
        ..options.clone()
    };
    let asked = async {
        let mut connection = connect(&stranger, address, Patience::of(patience)).await?;
        cmd("DBSIZE").query_async::<u64>(&mut connection).await
    };
    match asked.await {
        Ok(_) => Some(true),
        Err(error) => match Refused::from_error(&error, patience) {
            Refused::Credentials(_) => Some(false),
            _ => None,
        },
    }
}

impl WithoutTtl {
    /// Takes these keys along as examples, as far as they are needed, and puts those outside the
    /// namespace into `others`.
    fn add(
        &mut self,
        keys: impl Iterator<Item = Vec<u8>>,
        namespace: &Namespace,
        others: &mut BTreeSet<Vec<u8>>,
    ) {
        for key in keys.filter(|key| *key != namespace.marker().as_bytes()) {
            let examples = if namespace.within(&key).is_some() {
                &mut self.own
            } else {
                others.insert(key.clone());
                &mut self.others
            };
            // SCAN may list a key twice.
            if examples.len() < EXAMPLES && !examples.contains(&key) {
                examples.push(key);
                examples.sort();
            }
        }
    }
}

impl Server {
    /// One question for each setting: servers before Redis 7 take no more.
    async fn configuration(&mut self) -> Result<BTreeMap<String, String>, Refused> {
        let mut asked = pipe();
        for setting in SETTINGS {
            asked.cmd("CONFIG").arg("GET").arg(setting);
        }
        let answers: Vec<BTreeMap<String, String>> = self.ask_all(&asked).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Looks for keys that never expire; a bounded search.
    async fn without_ttl(&mut self, namespace: &Namespace) -> WithoutTtl {
        let mut found = WithoutTtl::default();
        let mut others = BTreeSet::new();
        let mut cursor = 0_u64;
        for _ in 0..PAGES {
            let mut scan = cmd("SCAN");
            let Ok((next, keys)) = self.page(scan.arg(cursor).arg("COUNT").arg(PAGE)).await else {
                break;
            };
            let mut asked = pipe();
            for key in &keys {
                asked.cmd("TTL").arg(key);
            }
            let Ok(left): Result<Vec<i64>, _> = self.ask_all(&asked).await else {
                break;
            };
            let lasting = keys.into_iter().zip(left).filter(|(_, left)| *left == -1);
            found.add(lasting.map(|(key, _)| key), namespace, &mut others);
            cursor = next;
            found.is_complete = cursor == 0;
            if found.is_complete {
                break;
            }
        }
        found.others_seen = u64::try_from(others.len()).unwrap_or(u64::MAX);
        found
    }

    async fn round_trip(&mut self, namespace: Option<&Namespace>) -> RoundTrip {
        let value = unique();
        let owner = namespace.map_or("devinfra", Namespace::name);
        let key = format!("{owner}:devinfra-check:{value}");
        let set = cmd("SET")
            .arg(&key)
            .arg(&value)
            .arg("NX")
            .arg("EX")
            .arg(SCRATCH_SECONDS)
            .to_owned();
        let is_left = |answer: &str| {
            let left = answer.parse().ok();
            left.is_some_and(|left: u64| (1..=SCRATCH_SECONDS).contains(&left))
        };
        for (command, asked) in [
            ("SET", set),
            ("GET", Cmd::get(&key)),
            ("TTL", Cmd::ttl(&key)),
            ("UNLINK", Cmd::unlink(&key)),
        ] {
            let answer = match self.ask::<Option<String>>(&asked).await {
                Ok(answer) => answer.unwrap_or_else(|| "nothing".to_owned()),
                Err(refused) => return RoundTrip::Refused { command, refused },
            };
            let is_right = match command {
                "SET" => answer == "OK",
                "GET" => answer == value,
                "TTL" => is_left(&answer),
                _ => answer == "1",
            };
            if !is_right {
                return RoundTrip::Wrong { command, answer };
            }
        }
        RoundTrip::Done
    }

    /// ECHO is answered in every state, unlike PING.
    async fn latency(&mut self) -> Result<Latency, Refused> {
        let echo = cmd("ECHO").arg("devinfra").to_owned();
        let mut times = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let began = Instant::now();
            self.ask::<String>(&echo).await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(index).copied().unwrap_or_default()
        };
        Ok(Latency {
            p50: at(50),
            p99: at(99),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_end_of_the_connection_is_found() {
        let text = |laddr: &str| Some(format!("id=3 addr=172.18.0.1:40912 laddr={laddr} fd=8\n"));
        let expected = Some(IpAddr::from([172, 18, 0, 2]));
        assert_eq!(local_address(text("172.18.0.2:6379")), expected);
        assert_eq!(local_address(text("[::ffff:172.18.0.2]:6379")), expected);
        assert_eq!(local_address(Some("id=3 fd=8".to_owned())), None);
    }

    #[test]
    fn the_marker_may_last() {
        let keyspace = Keyspace {
            keys: 10,
            expires: 8,
        };
        assert_eq!(lasting(keyspace, true), 1);
        assert_eq!(lasting(Keyspace::default(), true), 0);
    }
}
