//! Failures of commands that are to run inside containers.

use super::CliError;
use crate::cli::Exit;
use crate::kinds::Program;
use crate::model::{ContainerState, ServiceName, Stack};
use crate::report::list;

/// What has a meaning for shells, and is in no program's name.
const FOR_A_SHELL: [char; 9] = [' ', '|', '&', ';', '<', '>', '$', '*', '='];

impl CliError {
    pub(in crate::cli) fn not_running(
        service: &ServiceName,
        state: Option<&ContainerState>,
    ) -> Self {
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

    /// A command that was never run. Its status says so as a shell's does, whatever the engine says:
    /// runtimes before runc 1.1 give 126 to both.
    ///
    /// | the runtime's words | status |
    /// |---|---|
    /// | the program is not there | 127 |
    /// | it may not be run | 126 |
    /// | others | the engine's, which is 126 or 127 |
    pub(in crate::cli) fn not_run(
        program: &str,
        service: &ServiceName,
        said: &str,
        status: u8,
    ) -> Self {
        let is_missing = ["executable file not found", "no such file or directory"]
            .iter()
            .any(|words| said.contains(words));
        let status = if is_missing {
            127
        } else if said.contains("permission denied") {
            126
        } else {
            status
        };
        let told = Self {
            exit: Exit::Command(status),
            code: "exec.not-run".to_owned(),
            message: format!("`{program}` can't be run in the container of `{service}`"),
            causes: vec![said.to_owned()],
            service: Some(service.to_string()),
            ..Self::default()
        };
        if is_missing && program.contains(FOR_A_SHELL) {
            told.hint("there is no shell around it: for pipes and variables, run `sh -c '...'`")
        } else {
            told
        }
    }

    pub(in crate::cli) fn no_status(service: &ServiceName) -> Self {
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
        .hint(
            "it may go on inside the container; if the engine says so little of every command, \
             restart it",
        )
    }

    /// There is none of the program's kind, more than one, or the one that is named is of another.
    pub(in crate::cli) fn which_service(
        program: Program,
        stack: &Stack,
        named: Option<&ServiceName>,
    ) -> Self {
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
        if let Some(service) = named.and_then(|name| stack.services.get(name)) {
            let (named, other) = (&service.name, service.kind.word());
            return Self::usage(
                "service.unknown",
                format!("`{named}` is of kind `{other}`, and `{name}` talks to kind `{kind}`"),
            )
            .hint(format!("of that kind: {}", list(&names)));
        }
        Self::usage(
            "service.ambiguous",
            format!("which service shall `{name}` talk to: {}?", list(&names)),
        )
        .hint(format!("say it with `devinfra {name} --service NAME`"))
    }
}
