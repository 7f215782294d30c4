//! Failures of whole commands, and of the steps of their plans.

use super::bootstrap::bootstrap_hints;
use super::service::{self, About};
use super::{CliError, causes};
use crate::apply::{ApplyError, Failure};
use crate::cli::{Exit, catalogue};
use crate::engine::EngineError;
use crate::flow::{FlowError, HookProblem};
use crate::model::{ServiceName, Stack};
use crate::report::list;

impl CliError {
    /// A failure of a command over this stack; `interrupted` is the status of one that a signal
    /// has ended.
    pub(in crate::cli) fn flow(error: &FlowError, stack: &Stack, interrupted: Exit) -> Self {
        match error {
            FlowError::Engine(error) => Self::engine(error),
            FlowError::Refused(refusals) => Self::refused(error, refusals, stack),
            FlowError::Failed { failure, outcome } => {
                let told = Self::failures(failure, &outcome.further, stack, interrupted);
                if failure.is_interruption() && !outcome.ready.is_empty() {
                    told.cause(format!("usable by then: {}", list(outcome.ready.keys())))
                } else {
                    told
                }
            }
            FlowError::Left { failure, .. } => {
                let mut left = Self::new(Exit::Left, "down.left", error);
                if let Some(failure) = failure {
                    left.causes.push(failure.error.to_string());
                    left.causes.extend(causes(&failure.error));
                }
                left.hint("run `devinfra down` again when nothing uses it any more")
            }
            FlowError::Busy { .. } => Self::new(Exit::Conflict, "stack.busy", error)
                .hint("wait for the other run to end, or end it"),
            FlowError::Lock(lock) => Self::new(Exit::Failed, "stack.lock", lock),
            FlowError::UnknownService { known, .. } => {
                Self::new(Exit::Usage, "service.unknown", error)
                    .hint(format!("the services are {}", list(known)))
            }
            FlowError::Needed { service, .. } => Self::new(Exit::Usage, "service.needed", error)
                .hint(format!(
                    "leave out `{service}` as well: `--without {service}`"
                )),
            FlowError::LeftOut { service } => Self::new(Exit::Usage, "service.left-out", error)
                .hint(format!("either name `{service}` or leave it out")),
            FlowError::AllLeftOut => Self::new(Exit::Usage, "service.left-out", error)
                .hint("bring down with `devinfra down` what is not wanted any more"),
            FlowError::WhichCache { known, .. } => Self::which_cache(error, known),
            FlowError::CacheDown { service, .. } => Self::cache_down(error, service),
            FlowError::CacheRefused { service, .. } => Self::cache_refused(error, service),
            FlowError::NoCacheKeys { .. } => Self::no_cache_keys(error),
            FlowError::Bootstrap { service, source } => Self {
                service: Some(service.to_string()),
                hints: bootstrap_hints(source),
                ..Self::new(
                    catalogue::exit(source.code()).unwrap_or_default(),
                    source.code(),
                    error,
                )
            },
            FlowError::NotUp(_) => Self::new(Exit::Service, "stack.not-up", error)
                .hint("bring it up with `devinfra up`"),
            FlowError::Unsafe { .. } => Self::new(Exit::Conflict, "reset.unsafe", error)
                .hint("look at it, and delete what is not needed yourself"),
            FlowError::Incomplete {
                failure, further, ..
            } => {
                let mut told = Self::failures(failure, further, stack, interrupted);
                if !failure.is_interruption() {
                    told.exit = Exit::Left;
                }
                told.causes.insert(0, told.message);
                told.message = error.to_string();
                told.hints = vec!["run `devinfra reset` again: it goes on from there".to_owned()];
                told
            }
            FlowError::Hook { problem, .. } => hook(error, problem),
            FlowError::Export(_) => Self::new(Exit::StackFile, "exports.invalid", error),
            FlowError::Keys { .. } => Self::new(Exit::Service, "lakefs.credentials-file", error)
                .hint("`devinfra up` says what is wrong with them"),
            FlowError::Remote { .. } => Self::new(Exit::Engine, "engine.remote", error)
                .hint("run devinfra on that machine, or name an engine of this one with `--host`"),
            FlowError::Interrupted => interruption(interrupted),
        }
    }

    /// The failure of a service that the stack can do without.
    pub(in crate::cli) fn degraded(
        service: &ServiceName,
        error: &ApplyError,
        stack: &Stack,
    ) -> Self {
        let told = Self::failed(Some(service), error, stack, Exit::Interrupted);
        Self {
            message: format!("going on without `{service}`: {}", told.message),
            ..told
        }
    }

    /// The failure that ended a run, with those that came at the same time. An engine that is gone
    /// fails whatever is under way, which need not be told of each.
    fn failures(first: &Failure, further: &[Failure], stack: &Stack, interrupted: Exit) -> Self {
        let told =
            |one: &Failure| Self::failed(one.service.as_ref(), &one.error, stack, interrupted);
        let first = told(first);
        let further = further.iter().map(told);
        let is_news = |one: &Self| one.exit != Exit::Engine || first.exit != Exit::Engine;
        Self {
            further: further.filter(is_news).collect(),
            ..first
        }
    }

    /// A step's failure.
    fn failed(
        service: Option<&ServiceName>,
        error: &ApplyError,
        stack: &Stack,
        interrupted: Exit,
    ) -> Self {
        let mut told = match error {
            ApplyError::Engine(error) => Self::engine(error),
            error @ ApplyError::Exited {
                reason,
                log,
                service,
                ..
            } => service::exited(error, *reason, log, &About::new(stack, service)),
            error @ ApplyError::NotReady {
                reason,
                log,
                service,
                ..
            } => service::not_ready(error, reason, log, &About::new(stack, service)),
            error @ ApplyError::Never {
                never,
                log,
                service,
            } => service::never(error, never, log, &About::new(stack, service)),
            error @ ApplyError::Bootstrap { source, .. } => Self {
                hints: bootstrap_hints(source),
                ..Self::new(Exit::Service, source.code(), error)
            },
            error @ ApplyError::Wipe { source, .. } => Self::new(Exit::Left, source.code(), error),
            error @ ApplyError::Empty { .. } => Self::new(Exit::Left, "reset.data", error),
            ApplyError::Directory(error) => Self::new(Exit::Failed, "directory.create", error),
            error @ ApplyError::Disordered { .. } => Self::defect(error),
            ApplyError::Interrupted => interruption(interrupted),
        };
        if let Some(service) = service {
            told.service = Some(service.to_string());
            match error {
                ApplyError::Engine(EngineError::PortTaken { .. }) => told.name_the_port(stack),
                ApplyError::Engine(EngineError::BadCommand { .. }) => {
                    told.message = format!("the command of `{service}` can't be run");
                }
                ApplyError::Engine(EngineError::MountMismatch { .. }) => {
                    told.message = format!("{}, in `{service}`", told.message);
                }
                ApplyError::Engine(EngineError::BindSourceMissing { path, .. }) => {
                    told.message =
                        format!("bind source `{path}`, which `{service}` mounts, does not exist");
                }
                _ => {}
            }
        }
        told
    }

    /// Says which service wanted the port, and how to find out who has it.
    fn name_the_port(&mut self, stack: &Stack) {
        let service = self.service.clone().unwrap_or_default();
        self.message = format!("{}, which `{service}` publishes", self.message);
        let service = stack
            .services
            .values()
            .find(|one| one.name.as_str() == service);
        let Some(service) = service else { return };
        let published = service.container.ports.iter();
        let published = published.filter_map(|port| port.published);
        let named = published.filter(|port| self.message.contains(&port.to_string()));
        if let [port] = named.collect::<Vec<u16>>().as_slice() {
            self.hints = vec![
                format!(
                    "find who holds it with `ss -tanp 'sport = :{port}'` or `docker ps --filter publish={port}`"
                ),
                format!(
                    "stop that, or publish another port: {}",
                    service.port_setting(*port)
                ),
            ];
        }
    }
}

fn hook(error: &FlowError, problem: &HookProblem) -> CliError {
    let told = CliError::new(Exit::Failed, "hook.failed", error);
    match problem {
        HookProblem::TooLong(_) => {
            told.hint("give hooks more time with `timeout` under `x-devinfra.hooks`")
        }
        HookProblem::WantsTerminal => {
            told.hint("run what asks a person something by hand, before or after devinfra")
        }
        HookProblem::NoProgram {
            for_shell: true, ..
        } => told.hint("hooks run without a shell: write `sh -c '…'`"),
        HookProblem::NoProgram {
            for_shell: false, ..
        }
        | HookProblem::NotRun(_)
        | HookProblem::Status(_) => told,
    }
}

fn interruption(exit: Exit) -> CliError {
    CliError {
        exit,
        code: "run.interrupted".to_owned(),
        message: "interrupted; what was done so far stays".to_owned(),
        ..CliError::default()
    }
    .hint("see what exists with `devinfra status`; the same command goes on, and `devinfra down` takes all down")
}
