//! What an engine refuses, and engines that can't be had.

use super::CliError;
use crate::cli::Exit;
use crate::engine::{Choice, EngineError, Naming, UnreachableReason};

impl CliError {
    /// What an engine refused.
    pub(in crate::cli) fn engine(error: &EngineError) -> Self {
        let told = |exit, code| Self::new(exit, code, error);
        match error {
            EngineError::Unreachable {
                reason, chosen_by, ..
            } => Self::unreachable(error, *reason, chosen_by),
            EngineError::Address { .. } => told(Exit::Engine, "engine.address").hint(
                "an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`",
            ),
            EngineError::Context { .. } => told(Exit::Engine, "engine.address")
                .hint("list the contexts with `docker context ls`"),
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

    fn unreachable(error: &EngineError, reason: UnreachableReason, chosen_by: &Choice) -> Self {
        let another = another_engine(chosen_by);
        let (code, hints) = match reason {
            UnreachableReason::NoSocket | UnreachableReason::Refused | UnreachableReason::Other => {
                let hint = format!("start Docker or Podman, {another}");
                ("engine.unreachable", vec![hint])
            }
            UnreachableReason::PermissionDenied => {
                let hint = "add yourself to the group that owns the socket: `sudo usermod -aG docker $USER`, then log in again";
                ("engine.permission-denied", vec![hint.to_owned(), another])
            }
            UnreachableReason::Silent => {
                let hint = "it accepts connections and says nothing: restart it";
                ("engine.silent", vec![hint.to_owned(), another])
            }
        };
        let mut told = Self::new(Exit::Engine, code, error);
        told.hints = hints;
        let problem = match reason {
            UnreachableReason::NoSocket => ", and no socket is there",
            UnreachableReason::Refused => ", and nobody listens there",
            UnreachableReason::PermissionDenied => ", and you may not open it",
            UnreachableReason::Silent => ", and nothing was answered within 2 s",
            UnreachableReason::Other => "",
        };
        told.causes
            .insert(0, format!("{}{problem}", why_this(chosen_by)));
        told
    }
}

/// Why this address, of all.
fn why_this(choice: &Choice) -> String {
    match choice {
        Choice::Option => "`--host` names this address".to_owned(),
        Choice::Variable => "the variable `DOCKER_HOST` names this address".to_owned(),
        Choice::Context(context) => format!("{context} has this address"),
        Choice::WellKnown(whose) => format!("nothing names an engine, so {whose} is tried"),
    }
}

/// How another engine is chosen: what has chosen this one goes before everything else but options.
fn another_engine(choice: &Choice) -> String {
    let how = match choice {
        Choice::Option => "give its address with `--host`",
        Choice::Variable => "change or unset `DOCKER_HOST`, or give `--host`",
        Choice::Context(context) => match context.named_by {
            Naming::Option => "give `--context` another name of `docker context ls`",
            Naming::Variable => "change or unset `DOCKER_CONTEXT`, or give `--context` or `--host`",
            Naming::Configuration => {
                "switch with `docker context use`, or give `--context` or `--host`"
            }
        },
        Choice::WellKnown(_) => {
            "name it with `DOCKER_HOST`, `docker context use`, `--context` or `--host`"
        }
    };
    format!("or use another engine: {how}")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Context;

    /// Why the address is tried, and how another is chosen.
    fn told(chosen_by: Choice) -> (String, String) {
        let error = EngineError::Unreachable {
            address: "unix:///var/run/docker.sock".to_owned(),
            chosen_by,
            reason: UnreachableReason::PermissionDenied,
            source: None,
        };
        let told = CliError::engine(&error);
        (told.causes[0].clone(), told.hints[1].clone())
    }

    fn pair(cause: &str, hint: &str) -> (String, String) {
        let cause = format!("{cause}, and you may not open it");
        (cause, format!("or use another engine: {hint}"))
    }

    #[test]
    fn who_has_chosen_the_address_is_told_with_the_way_to_another() {
        assert_eq!(
            told(Choice::WellKnown("Docker's default socket")),
            pair(
                "nothing names an engine, so Docker's default socket is tried",
                "name it with `DOCKER_HOST`, `docker context use`, `--context` or `--host`"
            )
        );
        assert_eq!(
            told(Choice::Variable),
            pair(
                "the variable `DOCKER_HOST` names this address",
                "change or unset `DOCKER_HOST`, or give `--host`"
            )
        );
        let context = |named_by| {
            let name = "vm".to_owned();
            told(Choice::Context(Context { name, named_by }))
        };
        assert_eq!(
            context(Naming::Variable),
            pair(
                "docker context `vm`, which the variable `DOCKER_CONTEXT` names, has this address",
                "change or unset `DOCKER_CONTEXT`, or give `--context` or `--host`"
            )
        );
        assert_eq!(
            context(Naming::Configuration),
            pair(
                "the current docker context `vm` has this address",
                "switch with `docker context use`, or give `--context` or `--host`"
            )
        );
    }
}
