//! What devinfra knows of each kind of service: one file each.
//!
//! Readiness is a successful round trip of the service's own protocol through the published host
//! port. Neither "running" nor an accepted connection counts: the engine's port proxy accepts before
//! anyone listens behind it.

mod bootstrap;
mod client;
mod exec;
mod exports;
mod healthcheck;
mod http;
mod known;
mod lakefs;
mod never;
mod postgres;
mod s3;
mod secrets;
mod tcp;
mod url;
mod valkey;
mod wipe;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

pub use bootstrap::{BootstrapError, Deed, bootstrap};
pub use client::{Program, client};
pub use exports::{ExportError, Names, Values, left_out, resolve};
pub use known::{Known, recognise};
pub use lakefs::{Credentials, CredentialsError};
pub use never::Never;
pub use secrets::{names_alike, says_secret, secrets, written_in};
pub(crate) use url::percent_encoded;
pub use url::{url, url_with_credentials};
pub use wipe::{Amount, WipeError, count, wipe};

use tokio::time::timeout as deadline;

use crate::engine::Engine;
use crate::model::{ContainerId, Kind, Protocol, PublishedPort};

/// What a service answered when it was asked whether it is usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It is.
    Ready,
    /// It is not, and may become so; with what was missing, in a few words.
    NotYet(String),
    /// It is not, and will not become so by waiting.
    Never(Never),
}

/// A running container that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The ports it publishes.
    pub ports: &'a [PublishedPort],
    /// Its id.
    pub container: &'a ContainerId,
    /// Its engine, for kinds that ask inside the container.
    pub engine: &'a dyn Engine,
}

/// Asks once, taking no longer than `timeout`. Every attempt makes a new connection: one that was
/// made too early may hang where the next is answered.
pub async fn probe(kind: &Kind, target: &Target<'_>, timeout: Duration) -> Readiness {
    let asked = async {
        match kind {
            Kind::Postgres(options) => postgres::probe(options, target.address(options.port)).await,
            Kind::Valkey(options) => {
                valkey::probe(options, target.address(options.port), timeout).await
            }
            Kind::S3(options) => s3::probe(options, target.address(options.port)).await,
            Kind::Lakefs(options) => lakefs::probe(target.address(options.port)).await,
            Kind::Http(options) => http::probe(options, target.address(options.port)).await,
            Kind::Tcp(options) => tcp::probe(target.address(options.port)).await,
            Kind::Exec(options) => exec::probe(options, target).await,
            Kind::Healthcheck => healthcheck::probe(target).await,
            Kind::Process => healthcheck::is_running(target).await,
        }
    };
    // A command inside the container has a deadline of its own.
    let timeout = if let Kind::Exec(options) = kind {
        options.timeout
    } else {
        timeout
    };
    deadline(timeout, asked).await.unwrap_or_else(|_elapsed| {
        Readiness::NotYet(format!("no answer within {} ms", timeout.as_millis()))
    })
}

/// A container port that is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NotPublished(u16);

impl From<NotPublished> for BootstrapError {
    fn from(NotPublished(port): NotPublished) -> Self {
        Self::NotPublished { port }
    }
}

impl Target<'_> {
    fn address(&self, port: u16) -> Result<SocketAddr, Readiness> {
        self.published(port)
            .map_err(|NotPublished(port)| Readiness::Never(Never::NotPublished { port }))
    }

    fn published(&self, port: u16) -> Result<SocketAddr, NotPublished> {
        published(self.ports, port).ok_or(NotPublished(port))
    }
}

/// Where on the host a container port can be reached, if it is published.
///
/// An address that stands for all of the host's is reached through loopback.
pub fn published(ports: &[PublishedPort], port: u16) -> Option<SocketAddr> {
    let found = ports
        .iter()
        .find(|one| one.target == port && one.protocol == Protocol::Tcp)?;
    Some(SocketAddr::new(reachable(found.host_ip), found.published))
}

/// The address by which this machine reaches a port that is bound to `host_ip`.
fn reachable(host_ip: IpAddr) -> IpAddr {
    match host_ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}
