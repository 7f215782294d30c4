//! Failures of commands that are to run inside containers.

use super::Exit;
use super::error::CliError;
use crate::kinds::Program;
use crate::model::{ContainerState, ServiceName, Stack};
use crate::report::list;

impl CliError {
    pub(super) fn not_running(service: &ServiceName, state: Option<&ContainerState>) -> Self {
        let state = state.map_or("it has no container".to_owned(), |state| {
            format!("its container is {}", state.word())
        });
        Self {
            exit: Exit::Service,
            code: "service.not-running".to_owned(),
            message: format!("`{service}` is not running: {state}"),
            service: Some(service.to_string()),
            ..Self::default()
        }
        .hint(format!("bring it up with `devinfra up {service}`"))
    }

    /// A command that was never run; its status says so as a shell's does.
    pub(super) fn not_run(program: &str, service: &ServiceName, said: &str, status: u8) -> Self {
        Self {
            exit: Exit::Command(status),
            code: "exec.not-run".to_owned(),
            message: format!("`{program}` can't be run in the container of `{service}`"),
            causes: vec![said.to_owned()],
            service: Some(service.to_string()),
            ..Self::default()
        }
        .hint("there is no shell around it: for pipes and variables, run `sh -c '...'`")
    }

    pub(super) fn no_status(service: &ServiceName) -> Self {
        Self {
            exit: Exit::Engine,
            code: "engine.no-answer".to_owned(),
            message: format!(
                "the command in the container of `{service}` has closed its output, and the \
                 engine does not say how it ended"
            ),
            service: Some(service.to_string()),
            ..Self::default()
        }
    }

    /// There is none of the program's kind, or more than one.
    pub(super) fn which_service(program: Program, stack: &Stack) -> Self {
        let services = stack.services.values();
        let of_kind = services.filter(|service| service.kind.word() == program.kind());
        let names: Vec<&ServiceName> = of_kind.map(|service| &service.name).collect();
        let (name, kind) = (program.name(), program.kind());
        if names.is_empty() {
            return Self::usage(
                "service.unknown",
                format!("no service of the stack is of kind `{kind}`, which `{name}` talks to"),
            );
        }
        Self::usage(
            "service.ambiguous",
            format!("which service shall `{name}` talk to: {}?", list(&names)),
        )
        .hint(format!("say it with `devinfra {name} --service NAME`"))
    }
}
