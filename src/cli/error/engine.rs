//! What an engine refuses, and engines that can't be had.

use super::CliError;
use crate::cli::Exit;
use crate::engine::{EngineError, UnreachableReason};

impl CliError {
    /// What an engine refused.
    pub(in crate::cli) fn engine(error: &EngineError) -> Self {
        let told = |exit, code| Self::new(exit, code, error);
        match error {
            EngineError::Unreachable {
                reason, chosen_by, ..
            } => Self::unreachable(error, *reason, chosen_by),
            EngineError::Address { address, .. } => {
                told(Exit::Engine, "engine.address").hint(address_hint(address))
            }
            EngineError::Image { image, problem, .. } => Self::image(error, image, *problem),
            EngineError::NameTaken { .. } => told(Exit::Conflict, "container.name-taken")
                .hint("run the command again: it was made after devinfra had looked"),
            EngineError::PortTaken { .. } => told(Exit::Conflict, "port.taken")
                .hint("stop what holds it, or publish another port in the stack file"),
            EngineError::BindSourceMissing { .. } => told(Exit::Failed, "mount.source-missing")
                .hint("make it, or let devinfra make it with `create_host_path: true`"),
            EngineError::MountMismatch { .. } => told(Exit::Failed, "mount.wrong-type")
                .hint("mount a file where the image has a file, and a directory elsewhere: `volumes` in the stack file"),
            EngineError::BadCommand { .. } => told(Exit::Service, "service.bad-command").hint(
                "compare `command` and `entrypoint` in the stack file with what the image has",
            ),
            EngineError::AddressPoolExhausted { idle, .. } => {
                told(Exit::Conflict, "network.addresses-exhausted").hint(network_hint(idle))
            }
            EngineError::NoSpace { .. } => {
                told(Exit::Failed, "engine.no-space").hint("`docker system df` shows what takes it")
            }
            EngineError::TooOld { .. } => told(Exit::Engine, "engine.too-old")
                .hint("update it: Docker 20.10 and Podman 4 are the oldest that will do"),
            EngineError::TooNew { .. } => {
                told(Exit::Engine, "engine.too-new").hint("update devinfra")
            }
            EngineError::NoAnswer { .. } => told(Exit::Engine, "engine.no-answer").hint(
                "see whether the engine is overloaded; `--engine-timeout` gives it more time",
            ),
            EngineError::Broken { .. } => told(Exit::Engine, "engine.broken-answer")
                .hint("run the command again; if that does not help, restart the engine"),
            EngineError::NotFound { .. } | EngineError::Vanished { .. } => {
                told(Exit::Failed, "engine.not-found")
                    .hint("run the command again: it was removed after devinfra had looked")
            }
            EngineError::Refused { .. } => told(Exit::Failed, "engine.refused"),
        }
    }

    fn unreachable(error: &EngineError, reason: UnreachableReason, chosen_by: &str) -> Self {
        let (code, hint) = match reason {
            UnreachableReason::NoSocket | UnreachableReason::Refused | UnreachableReason::Other => {
                (
                    "engine.unreachable",
                    "start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`",
                )
            }
            UnreachableReason::PermissionDenied => (
                "engine.permission-denied",
                "add yourself to the group that owns the socket: `sudo usermod -aG docker $USER`, then log in again",
            ),
            UnreachableReason::Silent => (
                "engine.silent",
                "it accepts connections and says nothing: restart it",
            ),
        };
        let mut told = Self::new(Exit::Engine, code, error).hint(hint);
        told.causes.insert(
            0,
            format!(
                "it was chosen by {chosen_by}{}",
                match reason {
                    UnreachableReason::NoSocket => ", and does not exist",
                    UnreachableReason::Refused => ", and nobody listens on it",
                    UnreachableReason::PermissionDenied => ", and may not be opened by you",
                    UnreachableReason::Silent => ", and did not answer within 2 s",
                    UnreachableReason::Other => "",
                }
            ),
        );
        told
    }
}

/// For an engine's address that can't be used: that of a context, or one that was written down.
fn address_hint(address: &str) -> &'static str {
    if address.starts_with("context ") {
        "list the contexts with `docker context ls`"
    } else {
        "an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`"
    }
}

/// Networks without a running container may still be wanted: which of them go, people decide.
fn network_hint(idle: &[String]) -> String {
    const MOST: usize = 10;
    if idle.is_empty() {
        return "remove networks that nobody needs: `docker network ls` lists them".to_owned();
    }
    let named: Vec<String> = idle
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let named = named.join(", ");
    let more = match idle.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "remove those that nobody needs, with `docker network rm`; no running container uses {named}{more}"
    )
}
