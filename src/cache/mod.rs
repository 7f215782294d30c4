//! The Valkey cache: what it is made of, whether it is healthy, and the flush after a restart.
//!
//! It talks to the server only. Finding the container, restarting it and looking into it is the
//! business of `flow`.

mod access;
mod bootstrap;
mod canaries;
mod census;
mod checks;
mod connection;
mod facts;
mod finding;
mod foreign;
mod info;
mod keys;
mod refused;
mod server;
mod stats;
mod words;

pub use access::Access;
pub use bootstrap::{BootstrapError, Bootstrapped, Timing, bootstrap};
pub use canaries::{Canaries, Survival};
pub use census::{Census, PrefixCount, take_census};
pub use checks::{Subject, check, not_as_declared, not_tried, survival};
pub use connection::{Patience, connect};
pub use facts::{Facts, Latency, RoundTrip, WithoutTtl, gather};
pub use finding::{Finding, Status, is_ok};
pub use foreign::Foreign;
pub use info::{Info, Keyspace};
pub use keys::{Namespace, NamespaceError};
pub use refused::Refused;
pub use stats::{Group, HotKey, Mode, Stats, take_stats};
