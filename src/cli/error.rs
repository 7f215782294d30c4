//! Failures with their stable codes, exit statuses and hints: the one place that adds them.

use std::error::Error as StdError;
use std::io;
use std::path::Path;

use super::failure::{self, About};
use super::hints::{address_hint, bootstrap_hints};
use super::{Exit, catalogue};
use crate::apply::{ApplyError, Failure};
use crate::engine::{EngineError, ImageProblem, UnreachableReason};
use crate::flow::FlowError;
use crate::model::{ImageRef, PortHolder, Stack};
use crate::plan::Refusal;
use crate::report::list;
use crate::stack_file::LoadError;

/// A failure, ready to be told to people and to scripts.
#[derive(Debug, Default)]
pub(super) struct CliError {
    pub(super) exit: Exit,
    /// Stable; listed in the README.
    pub(super) code: String,
    pub(super) message: String,
    /// From the outermost to the innermost.
    pub(super) causes: Vec<String>,
    /// What to do next.
    pub(super) hints: Vec<String>,
    pub(super) service: Option<String>,
    /// The last lines of the service's log.
    pub(super) log: Vec<String>,
    /// The whole message, where it was rendered with source lines already.
    pub(super) rendered: Option<String>,
}

impl CliError {
    pub(super) fn new(exit: Exit, code: &str, error: &dyn StdError) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            message: error.to_string(),
            causes: causes(error),
            ..Self::default()
        }
    }

    pub(super) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn runtime(error: &io::Error) -> Self {
        Self::new(Exit::Failed, "system.runtime", error)
    }

    pub(super) fn answer(error: &io::Error) -> Self {
        Self {
            message: "failed to write to standard output".to_owned(),
            causes: vec![error.to_string()],
            ..Self::new(Exit::Failed, "answer.write", error)
        }
    }

    pub(super) fn usage(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self {
            exit: Exit::Usage,
            code,
            message,
            ..Self::default()
        }
    }

    pub(super) fn file_exists(path: &Path) -> Self {
        Self {
            exit: Exit::Conflict,
            code: "file.exists".to_owned(),
            message: format!("`{}` exists, and is not overwritten", path.display()),
            ..Self::default()
        }
        .hint("choose another name with `--output`, or `--output -` to see the template")
    }

    pub(super) fn write(path: &Path, source: &io::Error) -> Self {
        Self {
            exit: Exit::Failed,
            code: "file.write".to_owned(),
            message: format!("failed to write `{}`", path.display()),
            causes: vec![source.to_string()],
            ..Self::default()
        }
    }

    pub(super) fn needs_yes() -> Self {
        Self::usage(
            "reset.needs-yes",
            "`reset` wipes data, and there is no terminal to ask on",
        )
        .hint("say so with `--yes`; `--dry-run` shows what would be lost")
    }

    /// A command that `devinfra run` can't become.
    pub(super) fn command(program: &str, exit: Exit, source: &io::Error) -> Self {
        Self {
            exit,
            code: "run.command".to_owned(),
            message: format!("failed to run `{program}`"),
            causes: vec![source.to_string()],
            ..Self::default()
        }
    }

    pub(super) fn stack_file(error: &LoadError) -> Self {
        Self {
            rendered: error.rendered().map(str::to_owned),
            ..Self::new(Exit::StackFile, error.code(), error)
        }
    }

    /// A failure of a command over this stack; `interrupted` is the status of one that a signal
    /// has ended.
    pub(super) fn flow(error: &FlowError, stack: &Stack, interrupted: Exit) -> Self {
        match error {
            FlowError::Engine(error) => Self::engine(error),
            FlowError::Refused(refusals) => Self::refused(error, refusals),
            FlowError::Failed { failure, outcome } => {
                let told = Self::failed(failure, stack, interrupted);
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
            FlowError::Incomplete { failure, .. } => {
                let mut told = Self::failed(failure, stack, interrupted);
                if !failure.is_interruption() {
                    told.exit = Exit::Left;
                }
                told.causes.insert(0, told.message);
                told.message = error.to_string();
                told.hints = vec!["run `devinfra reset` again: it goes on from there".to_owned()];
                told
            }
            FlowError::Hook { .. } => Self::new(Exit::Failed, "hook.failed", error),
            FlowError::Export(_) => Self::new(Exit::StackFile, "exports.invalid", error),
            FlowError::Keys { .. } => Self::new(Exit::Service, "lakefs.credentials-file", error)
                .hint("`devinfra up` says what is wrong with them"),
            FlowError::Remote { .. } => Self::new(Exit::Engine, "engine.remote", error)
                .hint("run devinfra on that machine, or name an engine of this one with `--host`"),
            FlowError::Interrupted => interruption(interrupted),
        }
    }

    fn refused(error: &FlowError, refusals: &[Refusal]) -> Self {
        let Some(first) = refusals.first() else {
            return Self::defect(error);
        };
        let mut told = Self {
            message: first.to_string(),
            causes: Vec::new(),
            ..Self::new(Exit::Conflict, refusal_code(first), error)
        };
        for other in refusals.iter().skip(1) {
            told.message.push_str("; ");
            told.message.push_str(&other.to_string());
        }
        told.service = refusal_service(first);
        match first {
            Refusal::ForeignContainer { container, .. } => told
                .hint("run `devinfra up --adopt` to take it over: it is stopped gracefully, replaced, and its data kept")
                .hint(format!("or remove it yourself: `docker rm {container}`")),
            Refusal::Elsewhere { directory, .. } => told.hint(format!(
                "take it down there: `devinfra --project-directory {} down`, or give this stack another name with `--name`",
                directory.display()
            )),
            Refusal::PortTaken {
                service,
                port,
                holder,
            } => told
                .hint(match holder {
                    Some(PortHolder::Container { name }) => format!("stop it: `docker stop {name}`"),
                    Some(PortHolder::Process { id, .. }) => format!("stop it: `kill {id}`"),
                    None => format!("find who holds it: `sudo ss -ltnp 'sport = :{port}'`"),
                })
                .hint(format!("or publish another port: `ports` of `{service}` in the stack file")),
            Refusal::ImageNotLocal { image, .. } => Self { exit: Exit::Image, ..told }
                .hint(format!("fetch it with `docker pull {image}`, or run `devinfra up --pull missing`")),
            Refusal::ExternalNetworkMissing { network } => {
                told.hint(format!("make it with `docker network create {network}`"))
            }
            Refusal::ExternalVolumeMissing { volume } => {
                told.hint(format!("make it with `docker volume create {volume}`"))
            }
            Refusal::ForeignNetwork { network } => told
                .hint(format!(
                    "remove it when nobody needs it, and the stack gets its own: `docker network rm {network}`"
                ))
                .hint("use it for this stack with `devinfra up --adopt`, or say `external: true` in the stack file where it is shared"),
            Refusal::NetworkAmbiguous { network, .. } => told.hint(format!(
                "list them with `docker network ls --filter name={network}`, and remove all but one by id"
            )),
        }
    }

    /// A step's failure.
    pub(super) fn failed(failure: &Failure, stack: &Stack, interrupted: Exit) -> Self {
        let mut told = match &failure.error {
            ApplyError::Engine(error) => Self::engine(error),
            error @ ApplyError::Exited {
                reason,
                log,
                service,
            } => failure::exited(error, *reason, log, &About::new(stack, service)),
            error @ ApplyError::NotReady {
                reason,
                log,
                service,
                ..
            } => failure::not_ready(error, reason, log, &About::new(stack, service)),
            error @ ApplyError::Never {
                never,
                log,
                service,
            } => failure::never(error, never, log, &About::new(stack, service)),
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
        if let Some(service) = &failure.service {
            told.service = Some(service.to_string());
            if told.code == "port.taken" {
                told.name_the_port(stack);
            }
        }
        told
    }

    /// What can't be, and is.
    fn defect(error: &dyn StdError) -> Self {
        Self::new(Exit::Failed, "internal.plan", error)
            .hint("this is a defect of devinfra: report it with your stack file")
    }

    /// Says which service wanted the port, and how to find out who has it.
    fn name_the_port(&mut self, stack: &Stack) {
        let service = self.service.clone().unwrap_or_default();
        self.message = format!("{}, which `{service}` publishes", self.message);
        let ports: Vec<String> = stack
            .services
            .values()
            .filter(|one| one.name.as_str() == service)
            .flat_map(|one| &one.container.ports)
            .filter_map(|port| port.published)
            .map(|port| port.to_string())
            .filter(|port| self.message.contains(port))
            .collect();
        if let [port] = ports.as_slice() {
            self.hints = vec![
                format!(
                    "find who holds it with `ss -ltnp 'sport = :{port}'` or `docker ps --filter publish={port}`"
                ),
                "stop that, or publish another port in the stack file".to_owned(),
            ];
        }
    }

    /// What an engine refused.
    pub(super) fn engine(error: &EngineError) -> Self {
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
            EngineError::BadCommand { .. } => told(Exit::Service, "service.bad-command").hint(
                "compare `command` and `entrypoint` in the stack file with what the image has",
            ),
            EngineError::AddressPoolExhausted { .. } => {
                told(Exit::Conflict, "network.addresses-exhausted")
                    .hint("remove networks that nobody uses: `docker network ls` lists them")
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

    fn image(error: &EngineError, image: &ImageRef, problem: ImageProblem) -> Self {
        let told = |code| Self::new(Exit::Image, code, error);
        match problem {
            ImageProblem::NotLocal => told("image.not-local"),
            ImageProblem::Gone if image.as_str().starts_with("minio/") => told("image.gone").hint(
                "MinIO's images have left Docker Hub; `quay.io/minio/minio` still has them, and logging in does not help",
            ),
            ImageProblem::Gone => told("image.gone")
                .hint("check its name and tag in the stack file; of a private image, log in with `docker login` and fetch it with `docker pull`"),
            ImageProblem::LoginRequired => {
                told("image.login-required")
                    .hint(format!("log in with `docker login`, and fetch it with `docker pull {image}`"))
            }
            ImageProblem::RateLimited => told("image.rate-limited").hint(
                "wait; or log in with `docker login`, which has a higher limit, and fetch it with `docker pull`",
            ),
            ImageProblem::RegistryUnreachable => told("image.registry-unreachable")
                .hint("check the network, and the proxy of the engine"),
            ImageProblem::WrongPlatform => told("image.wrong-platform")
                .hint("choose another tag, or set `platform` in the stack file"),
            ImageProblem::NoSpace => {
                told("image.no-space").hint("`docker system df` shows what takes it")
            }
            ImageProblem::Other => told("image.pull-failed"),
        }
    }
}

fn interruption(exit: Exit) -> CliError {
    CliError {
        exit,
        code: "run.interrupted".to_owned(),
        message: "interrupted; what was made so far stays".to_owned(),
        ..CliError::default()
    }
    .hint("see what exists with `devinfra status`; `devinfra up` goes on, `devinfra down` takes it down")
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::ForeignContainer { .. } => "container.foreign",
        Refusal::Elsewhere { .. } => "stack.elsewhere",
        Refusal::PortTaken { .. } => "port.taken",
        Refusal::ImageNotLocal { .. } => "image.not-local",
        Refusal::ExternalNetworkMissing { .. } => "network.missing",
        Refusal::ExternalVolumeMissing { .. } => "volume.missing",
        Refusal::ForeignNetwork { .. } => "network.foreign",
        Refusal::NetworkAmbiguous { .. } => "network.ambiguous",
    }
}

fn refusal_service(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::ForeignContainer { service, .. }
        | Refusal::Elsewhere { service, .. }
        | Refusal::PortTaken { service, .. }
        | Refusal::ImageNotLocal { service, .. } => Some(service.to_string()),
        Refusal::ExternalNetworkMissing { .. }
        | Refusal::ExternalVolumeMissing { .. }
        | Refusal::ForeignNetwork { .. }
        | Refusal::NetworkAmbiguous { .. } => None,
    }
}

/// What lies behind an error, outermost first. A transparent layer says the same twice.
fn causes(error: &dyn StdError) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        let text = one.to_string();
        if found.last() != Some(&text) && text != error.to_string() {
            found.push(text);
        }
        cause = one.source();
    }
    found
}
