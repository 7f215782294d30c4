//! Failures with their stable codes, exit statuses and hints: the one place that adds them.
//!
//! A file here for each layer or topic that failures come from; what they mean in general is in
//! `catalogue`.

mod bootstrap;
mod cache;
mod elsewhere;
mod engine;
mod exec;
mod flow;
mod image;
mod ports;
mod refusal;
mod service;

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::path::Path;

use clap::error::ErrorKind;

use super::Exit;
use crate::report::count;
use crate::stack_file::{LoadError, Told};

/// A failure, ready to be told to people and to scripts.
#[derive(Debug, Clone, Default)]
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
    /// What is wrong with the stack file, each with its place.
    pub(super) problems: Vec<Told>,
    /// What failed at the same time.
    pub(super) further: Vec<Self>,
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

    /// Arguments that are not understood, in the parser's words.
    pub(super) fn arguments(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut parts = text.split("\n\n");
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
                "no command is given"
            }
            _ => parts.next().unwrap_or_default(),
        };
        let message = message.trim().trim_start_matches("error: ");
        let message: Vec<&str> = message.split_whitespace().collect();
        let told = Self::usage("usage.arguments", message.join(" "));
        let tips = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("tip: "));
        let told = tips.fold(told, Self::hint);
        told.hint("`devinfra --help` lists the commands, and `--help` behind one what it takes")
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

    /// A file is in the way of one that would be written; `hint` says how another is named.
    pub(super) fn file_exists(path: &Path, hint: &str) -> Self {
        Self {
            exit: Exit::Conflict,
            code: "file.exists".to_owned(),
            message: format!("`{}` exists, and is not overwritten", path.display()),
            ..Self::default()
        }
        .hint(hint)
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

    pub(super) fn declined() -> Self {
        Self {
            exit: Exit::Failed,
            code: "reset.declined".to_owned(),
            message: "the question was not answered with yes; nothing was wiped".to_owned(),
            ..Self::default()
        }
    }

    /// A run that only looks, ended by a signal.
    pub(super) fn interrupted(exit: Exit) -> Self {
        Self {
            exit,
            code: "run.interrupted".to_owned(),
            message: "interrupted".to_owned(),
            ..Self::default()
        }
    }

    /// A variable of the environment whose value is no text.
    pub(super) fn not_unicode(name: &str) -> Self {
        Self::usage("usage.environment", format!("`{name}` is not UTF-8"))
            .hint("set it anew, or unset it")
    }

    /// A working directory that can't be told, since it was deleted.
    pub(super) fn working_directory(error: &io::Error) -> Self {
        let is_gone = error.kind() == io::ErrorKind::NotFound;
        let message = if is_gone {
            "the working directory does not exist any more"
        } else {
            "the working directory can't be found"
        };
        let told = Self::usage("usage.working-directory", message);
        let told = if is_gone {
            told
        } else {
            told.cause(error.to_string())
        };
        told.hint("change to another directory, or name the project's whole path with `--project-directory`")
            .hint("`devinfra ls` lists what deleted projects have left running")
    }

    /// What can't be, and is.
    pub(in crate::cli) fn defect(error: &dyn StdError) -> Self {
        Self::new(Exit::Failed, "internal.plan", error)
            .hint(format!("this is a defect of devinfra: {}", report_it()))
    }

    /// A panic at this place, with its words where they can be told.
    pub(super) fn panicked(place: impl Display, words: Option<&str>) -> Self {
        Self {
            exit: Exit::Failed,
            code: "internal.panic".to_owned(),
            message: format!("devinfra has a defect, and has ended at `{place}`"),
            causes: words.map(str::to_owned).into_iter().collect(),
            ..Self::default()
        }
        .hint(report_it())
        .hint("what was made so far stays, and the next run goes on from there")
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
        let exit = match error {
            LoadError::NoDirectory { .. }
            | LoadError::Invalid {
                is_environment: true,
                ..
            } => Exit::Usage,
            LoadError::Unreadable { .. }
            | LoadError::NoFile { .. }
            | LoadError::NoTemplate(_)
            | LoadError::NoName
            | LoadError::Invalid { .. } => Exit::StackFile,
        };
        let told = Self::new(exit, error.code(), error);
        let problems = error.problems().to_vec();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let (message, causes) = match lines.as_slice() {
            [] | [_] => (told.message, told.causes),
            several => (
                format!("the stack file has {}", count(several.len(), "problem")),
                lines,
            ),
        };
        Self {
            message,
            causes,
            problems,
            rendered: error.rendered().map(str::to_owned),
            ..told
        }
    }
}

/// What to do about a defect.
fn report_it() -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    format!(
        "report it at {repository}/issues with this message, the command, and what \
         `devinfra report` writes"
    )
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
