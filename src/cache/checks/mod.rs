//! The checks: one pure function each, from what a server said and what is wanted to a finding.

mod config;
mod exposure;
mod keys;
mod memory;
mod persistence;
mod reach;
mod survival;

use std::net::SocketAddr;

pub use survival::{not_as_declared, not_tried, survival};

use super::{Access, Facts, Finding, Refused};
use crate::model::{ObservedContainer, Service, Valkey};

/// What is checked: what the stack file wants, and what the engine says of the container.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its options.
    pub options: &'a Valkey,
    /// Its container; `None` when there is none.
    pub container: Option<&'a ObservedContainer>,
    /// Where it was asked; `None` when its port is not published.
    pub address: Option<SocketAddr>,
    /// Whether the server may write to its data directory; `None` when that could not be found out.
    pub access: Option<&'a Access>,
}

/// Every check, in the order in which a person would want to read them.
pub fn check(subject: &Subject<'_>, answer: &Result<Facts, Refused>) -> Vec<Finding> {
    let facts = match answer {
        Ok(facts) => facts,
        Err(refused) => return unanswered(subject, refused),
    };
    let mut findings = vec![
        reach::reachable(subject, facts),
        reach::identity(subject, facts),
        reach::loading(facts),
    ];
    findings.extend(config::all(subject, facts));
    findings.push(persistence::status(facts));
    findings.push(persistence::directory(subject, facts));
    findings.push(memory::memory(facts));
    findings.push(keys::ttl(subject, facts));
    findings.push(keys::round_trip(facts));
    findings.push(keys::latency(facts));
    findings.push(keys::marker(subject, facts));
    findings.push(exposure::exposure(subject, Some(facts)));
    findings
}

/// What can be said of a server that does not answer.
fn unanswered(subject: &Subject<'_>, refused: &Refused) -> Vec<Finding> {
    let mut findings = reach::unreachable(subject, refused);
    let unasked = [
        "loading",
        config::SAVE,
        config::APPENDONLY,
        config::MAXMEMORY,
        config::POLICY,
        persistence::STATUS,
        persistence::DIRECTORY,
        "memory",
        "keys.ttl",
        "roundtrip",
        "latency",
        "bootstrap.marker",
    ];
    let skipped =
        unasked.map(|check| Finding::skip(check, "not asked: the server does not answer"));
    findings.extend(skipped);
    findings.push(exposure::exposure(subject, None));
    findings
}

#[cfg(test)]
mod world;
