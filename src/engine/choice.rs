//! Who has chosen an engine's address.

use std::fmt;

/// Who has chosen an engine's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// `--host`.
    Option,
    /// `DOCKER_HOST`.
    Variable,
    /// A docker context has it.
    Context(Context),
    /// Nothing names an engine, so this socket is tried: "Docker's default socket".
    WellKnown(&'static str),
}

/// A docker context that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// Who has named it.
    pub named_by: Naming,
}

/// Who has named a docker context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `--context`.
    Option,
    /// `DOCKER_CONTEXT`.
    Variable,
    /// The docker configuration: it is the current one.
    Configuration,
}

impl fmt::Display for Choice {
    /// In a word or two: "`DOCKER_HOST`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("`--host`"),
            Self::Variable => f.write_str("`DOCKER_HOST`"),
            Self::Context(Context { name, named_by }) => match named_by {
                Naming::Option => write!(f, "docker context `{name}`, by `--context`"),
                Naming::Variable => write!(f, "docker context `{name}`, by `DOCKER_CONTEXT`"),
                Naming::Configuration => write!(f, "current docker context `{name}`"),
            },
            Self::WellKnown(whose) => f.write_str(whose),
        }
    }
}

impl fmt::Display for Context {
    /// The beginning of a sentence: "docker context `vm`, which `--context` names,".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.named_by {
            Naming::Option => write!(f, "docker context `{name}`, which `--context` names,"),
            Naming::Variable => write!(
                f,
                "docker context `{name}`, which the variable `DOCKER_CONTEXT` names,"
            ),
            Naming::Configuration => write!(f, "the current docker context `{name}`"),
        }
    }
}
