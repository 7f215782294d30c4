//! What bollard and engines say, put into our own words once.
//!
//! Engines answer many different failures with status 500, so some are told apart by their text.
//! The texts of Docker 20.10 to 29, Docker Desktop and Podman are listed beside the rules.

use std::error::Error as StdError;
use std::io;

use bollard::errors::Error;

use crate::engine::{Address, EngineError, EngineSaid, ImageProblem, UnreachableReason};
use crate::model::{ContainerId, ImageRef};

/// A failed call as an error of ours.
pub(super) fn classify(error: Error, operation: String, address: &Address) -> EngineError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => refused(
            EngineSaid {
                status: status_code,
                message: message.trim().to_owned(),
            },
            operation,
        ),
        Error::DockerStreamError { error } => refused(
            EngineSaid {
                status: 0,
                message: error.trim().to_owned(),
            },
            operation,
        ),
        other if is_connection(&other) => unreachable(other, address),
        other => EngineError::Broken {
            operation,
            source: Box::new(other),
        },
    }
}

/// An answer that broke off, or is none that can be read.
pub(super) fn broken(
    operation: &str,
    source: impl Into<Box<dyn StdError + Send + Sync>>,
) -> EngineError {
    EngineError::Broken {
        operation: operation.to_owned(),
        source: source.into(),
    }
}

/// A socket that could not be opened.
pub(super) fn unanswered(error: &io::Error, address: &Address) -> EngineError {
    EngineError::Unreachable {
        address: address.shown(),
        chosen_by: address.chosen_by.clone(),
        reason: UnreachableReason::of(error),
        source: Some(io::Error::new(error.kind(), error.to_string()).into()),
    }
}

/// A connection that could not be made.
pub(super) fn unreachable(error: Error, address: &Address) -> EngineError {
    let chosen_by = address.chosen_by.clone();
    let address = address.shown();
    match error {
        Error::SocketNotFoundError(_) => EngineError::Unreachable {
            address,
            chosen_by,
            reason: UnreachableReason::NoSocket,
            source: None,
        },
        Error::UnsupportedURISchemeError { uri } => EngineError::Address {
            address,
            chosen_by,
            problem: unknown_scheme(&uri),
        },
        Error::URLParseError { err } => EngineError::Address {
            address,
            chosen_by,
            problem: err.to_string(),
        },
        other => EngineError::Unreachable {
            reason: io_cause(&other).map_or(UnreachableReason::Other, UnreachableReason::of),
            address,
            chosen_by,
            source: root_cause(&other),
        },
    }
}

/// Some schemes need a feature that the build may have left out.
fn unknown_scheme(uri: &str) -> String {
    match uri.split_once("://").map_or(uri, |(scheme, _)| scheme) {
        "ssh" => "this build of devinfra is without ssh; build it with `--features ssh`".to_owned(),
        "https" => {
            "this build of devinfra is without TLS; build it with `--features tls`".to_owned()
        }
        scheme => format!("there is no way to reach an engine by `{scheme}`"),
    }
}

fn is_connection(error: &Error) -> bool {
    match error {
        Error::SocketNotFoundError(_) => true,
        Error::HyperLegacyError { err } => err.is_connect(),
        _ => false,
    }
}

fn io_cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(found) = one.downcast_ref::<io::Error>() {
            return Some(found);
        }
        cause = one.source();
    }
    None
}

/// The system's own word only: the layers above it say "client error (Connect)".
fn root_cause(error: &Error) -> Option<Box<dyn StdError + Send + Sync>> {
    io_cause(error).map(|found| io::Error::new(found.kind(), found.to_string()).into())
}

fn refused(source: EngineSaid, operation: String) -> EngineError {
    let text = source.message.to_lowercase();
    if source.status == 400 && text.contains("client version") && text.contains("is too old") {
        return EngineError::TooNew { source };
    }
    // Before 404, with which older versions of Docker say it.
    if is_pool_exhausted(&text) {
        return EngineError::AddressPoolExhausted {
            source,
            idle: Vec::new(),
        };
    }
    if source.status == 404 {
        return EngineError::NotFound { operation, source };
    }
    if is_port_conflict(&text) {
        return EngineError::PortTaken {
            port: port_in(&source.message),
            source,
        };
    }
    if source.status == 409
        && let Some((name, holder)) = name_conflict(&source.message)
    {
        return EngineError::NameTaken {
            name,
            holder,
            source,
        };
    }
    if let Some(path) = missing_bind_source(&source.message) {
        return EngineError::BindSourceMissing { path, source };
    }
    if let Some((path, target)) = mismatched_mount(&source.message) {
        return EngineError::MountMismatch {
            path,
            target,
            source,
        };
    }
    if is_bad_command(&text) {
        return EngineError::BadCommand { source };
    }
    if text.contains("no space left on device") {
        return EngineError::NoSpace { operation, source };
    }
    EngineError::Refused { operation, source }
}

/// - Docker, another container has it: `Bind for 127.0.0.1:39123 failed: port is already allocated`
/// - Docker to 27: `listen tcp4 127.0.0.1:39124: bind: address already in use`; 28 and 29 likewise
/// - Docker Desktop: `Ports are not available: exposing port TCP 127.0.0.1:12434 -> …`
/// - Podman on a Mac: `proxy already running`
fn is_port_conflict(text: &str) -> bool {
    [
        "port is already allocated",
        "address already in use",
        "ports are not available",
    ]
    .iter()
    .any(|known| text.contains(known))
        || text.contains("proxy already running")
}

/// The port of the first `address:port` in the message, which all engines name first.
fn port_in(message: &str) -> Option<u16> {
    message.match_indices(':').find_map(|(at, _)| {
        let (before, after) = (message.get(..at)?, message.get(at + 1..)?);
        let behind_an_address = before.ends_with(|last: char| last.is_ascii_digit() || last == ']');
        let digits = after
            .split(|letter: char| !letter.is_ascii_digit())
            .next()?;
        let port = digits.parse().ok().filter(|port| *port != 0);
        port.filter(|_| behind_an_address)
    })
}

/// `Conflict. The container name "/x" is already in use by container "<64 digits>".` (Docker), and
/// the same with `name "x"` and no id in quotes (Podman).
fn name_conflict(message: &str) -> Option<(String, Option<ContainerId>)> {
    if !message.contains("already in use") {
        return None;
    }
    let mut quoted = message.split('"').skip(1).step_by(2);
    let name = quoted.next()?.trim_start_matches('/').to_owned();
    let holder = quoted
        .next()
        .filter(|id| id.len() == 64)
        .map(|id| ContainerId(id.to_owned()));
    Some((name, holder))
}

fn missing_bind_source(message: &str) -> Option<String> {
    let (_, path) = message.split_once("bind source path does not exist: ")?;
    Some(path.trim().to_owned())
}

/// `error mounting "/host/x" to rootfs at "/x": mount … : not a directory: unknown: Are you trying to
/// mount a directory onto a file (or vice-versa)?`
fn mismatched_mount(message: &str) -> Option<(String, String)> {
    if !message.contains("mount a directory onto a file") {
        return None;
    }
    let (_, quoted) = message.split_once("mounting \"")?;
    let (path, rest) = quoted.split_once("\" to rootfs at \"")?;
    let (target, _) = rest.split_once('"')?;
    Some((path.to_owned(), target.to_owned()))
}

/// - `exec: "nope": executable file not found in $PATH`
/// - `exec /x: exec format error`, `… permission denied: unknown` behind `exec:`
fn is_bad_command(text: &str) -> bool {
    (text.contains("exec: ") || text.contains("unable to start container process"))
        && [
            "executable file not found",
            "no such file or directory",
            "permission denied",
        ]
        .iter()
        .any(|known| text.contains(known))
}

fn is_pool_exhausted(text: &str) -> bool {
    text.contains("address pools have been fully subnetted")
        || text.contains("non-overlapping ipv4 address pool")
        || text.contains("could not find free subnet")
}

/// A pull that failed as an error of ours.
pub(super) fn pull_failed(image: &ImageRef, error: EngineError) -> EngineError {
    let source = match error {
        EngineError::NotFound { source, .. }
        | EngineError::Refused { source, .. }
        | EngineError::NoSpace { source, .. } => source,
        other => return other,
    };
    EngineError::Image {
        image: image.clone(),
        problem: image_problem(&source.message),
        source,
    }
}

/// - `pull access denied for X, repository does not exist or may require 'docker login'`
/// - `manifest for X not found: manifest unknown`
/// - `toomanyrequests: You have reached your unauthenticated pull rate limit.`
/// - `no matching manifest for linux/arm64 in the manifest list entries`
/// - `Get "https://…": dial tcp: lookup …`, `net/http: request canceled while waiting`, `i/o timeout`
fn image_problem(message: &str) -> ImageProblem {
    let text = message.to_lowercase();
    let has = |known: &[&str]| known.iter().any(|word| text.contains(word));
    if has(&["toomanyrequests", "rate limit", "too many requests"]) {
        ImageProblem::RateLimited
    } else if has(&["no space left on device"]) {
        ImageProblem::NoSpace
    } else if has(&[
        "no matching manifest",
        "does not match the specified platform",
        "no match for platform",
    ]) {
        ImageProblem::WrongPlatform
    } else if has(&[
        "pull access denied",
        "manifest unknown",
        "not found",
        "name unknown",
        "repository does not exist",
    ]) {
        ImageProblem::Gone
    } else if has(&[
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
        "denied",
    ]) {
        ImageProblem::LoginRequired
    } else if has(&[
        "dial tcp",
        "no such host",
        "timeout",
        "connection refused",
        "request canceled",
        "tls",
        "unreachable",
        "eof",
    ]) {
        ImageProblem::RegistryUnreachable
    } else {
        ImageProblem::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Choice;

    fn said(status: u16, message: &str) -> EngineError {
        let address = Address {
            url: "unix:///x".to_owned(),
            chosen_by: Choice::Option,
        };
        let error = Error::DockerResponseServerError {
            status_code: status,
            message: message.to_owned(),
        };
        classify(error, "start container `x`".to_owned(), &address)
    }

    #[test]
    fn a_taken_port_is_recognised_in_every_engines_words() {
        for (message, port) in [
            (
                "driver failed programming external connectivity on endpoint hub (1f): Bind for \
                 127.0.0.1:39123 failed: port is already allocated",
                39123,
            ),
            (
                "driver failed programming external connectivity on endpoint hub (1f): Error \
                 starting userland proxy: listen tcp4 127.0.0.1:39124: bind: address already in use",
                39124,
            ),
            (
                "failed to set up container networking: driver failed programming external \
                 connectivity on endpoint hub: failed to bind host port for \
                 127.0.0.1:39125:172.17.0.2:6379/tcp: address already in use",
                39125,
            ),
            (
                "failed to bind host port 127.0.0.1:39126/tcp: address already in use",
                39126,
            ),
            (
                "Ports are not available: exposing port TCP 127.0.0.1:12434 -> 127.0.0.1:0: listen \
                 tcp4 127.0.0.1:12434: bind: address already in use",
                12434,
            ),
            (
                "rootlessport listen tcp 0.0.0.0:9080: bind: address already in use",
                9080,
            ),
        ] {
            let error = said(500, message);
            assert!(
                matches!(&error, EngineError::PortTaken { port: Some(found), .. } if *found == port),
                "{message}: {error:?}"
            );
        }
    }

    #[test]
    fn a_taken_name_says_who_has_it() {
        let id = "ab".repeat(32);
        let error = said(
            409,
            &format!(
                "Conflict. The container name \"/hub\" is already in use by container \"{id}\". \
                 You have to remove (or rename) that container to be able to reuse that name."
            ),
        );
        assert!(matches!(
            error,
            EngineError::NameTaken { name, holder: Some(ContainerId(holder)), .. }
                if name == "hub" && holder == id
        ));
    }

    #[test]
    fn other_refusals_have_their_kinds() {
        assert!(said(404, "No such container: x").is_not_found());
        assert!(matches!(
            said(400, "invalid mount config for type \"bind\": bind source path does not exist: /p"),
            EngineError::BindSourceMissing { path, .. } if path == "/p"
        ));
        assert!(matches!(
            said(
                400,
                "OCI runtime create failed: exec: \"nope\": executable file not found in $PATH"
            ),
            EngineError::BadCommand { .. }
        ));
        assert!(matches!(
            said(
                403,
                "all predefined address pools have been fully subnetted"
            ),
            EngineError::AddressPoolExhausted { .. }
        ));
    }

    #[test]
    fn pull_failures_are_told_apart() {
        let problem = |message| image_problem(message);
        assert_eq!(
            problem(
                "pull access denied for minio/minio, repository does not exist or may require 'docker login'"
            ),
            ImageProblem::Gone
        );
        assert_eq!(
            problem("toomanyrequests: You have reached your unauthenticated pull rate limit."),
            ImageProblem::RateLimited
        );
        assert_eq!(
            problem("Get \"https://registry/v2/\": dial tcp: lookup registry: no such host"),
            ImageProblem::RegistryUnreachable
        );
        assert_eq!(
            problem("no matching manifest for linux/arm64/v8 in the manifest list entries"),
            ImageProblem::WrongPlatform
        );
    }
}
