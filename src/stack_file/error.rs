//! Why there is no stack.

use std::io;
use std::path::PathBuf;

use super::Told;

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file can't be read.
    #[error("failed to read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What has the name of a stack file is no file.
    #[error("`{}` is {what}, and a stack file is a regular file", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
        /// What it is: "a directory".
        what: &'static str,
    },
    /// The project directory that was named is none.
    #[error("project directory `{}` can't be used: {problem}", path.display())]
    NoDirectory {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// There is no such template.
    #[error("there is no template `{0}`; `devinfra init --list` shows them")]
    NoTemplate(String),
    /// The stack has no name and its directory has none that could be one.
    #[error("the stack has no name: give it one with `name:` in the stack file, or with `--name`")]
    NoName,
    /// The files have problems.
    #[error("{}", lines(.problems).join("\n"))]
    Invalid {
        /// All of them, in the order of their places.
        problems: Vec<Told>,
        /// All of them with the lines they stand on, coloured for a terminal.
        rendered: String,
        /// Whether they use a variable of the environment that is no text: what else is wrong may come
        /// of that.
        is_environment: bool,
    },
}

impl LoadError {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::NoFile { .. } => "stack-file.unreadable",
            Self::NoDirectory { .. } => "usage.project-directory",
            Self::NoTemplate(_) => "stack-file.no-template",
            Self::NoName => "stack-file.no-name",
            Self::Invalid {
                is_environment: true,
                ..
            } => "usage.environment",
            Self::Invalid { .. } => "stack-file.invalid",
        }
    }

    /// The problems of the files, where they have any.
    pub fn problems(&self) -> &[Told] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::Unreadable { .. }
            | Self::NoFile { .. }
            | Self::NoDirectory { .. }
            | Self::NoTemplate(_)
            | Self::NoName => &[],
        }
    }

    /// The problems with the lines they stand on, where there are any.
    pub fn rendered(&self) -> Option<&str> {
        match self {
            Self::Invalid { rendered, .. } => Some(rendered),
            Self::Unreadable { .. }
            | Self::NoFile { .. }
            | Self::NoDirectory { .. }
            | Self::NoTemplate(_)
            | Self::NoName => None,
        }
    }
}

fn lines(problems: &[Told]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
