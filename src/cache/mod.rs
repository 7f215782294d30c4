//! The Valkey cache: what it is made of, whether it is healthy, and the flush after a restart.
//!
//! It talks to the server only. Finding the container, restarting it and looking into it is the
//! business of `flow`.

mod access;
mod checks;
mod connection;
mod facts;
mod finding;
mod info;
mod keys;
mod refused;

pub use access::Access;
pub use checks::{Subject, check};
pub use connection::{Patience, connect};
pub use facts::{Facts, Latency, RoundTrip, gather};
pub use finding::{Finding, Status, is_ok};
pub use info::{Info, Keyspace};
pub use keys::{Namespace, NamespaceError};
pub use refused::Refused;
