//! What can be said to the commands about variables and data.

use std::ffi::OsString;

use clap::{Args as Group, ValueEnum};

use super::values::service_name;
use crate::kinds::Names;
use crate::model::ServiceName;

/// `devinfra env`
#[derive(Debug, Group)]
#[command(
    after_help = "In bash and zsh:  out=$(devinfra env) && eval \"$out\"\n\
                  In fish:          devinfra env | source\n\
                  In a job:         devinfra env --format github >> \"$GITHUB_ENV\"\n\n\
                  Nothing is printed, and the status is not 0, unless the stack is up. A service without a\n\
                  container is left out if the stack file says what to tell then (`exports_without`)."
)]
pub(in crate::cli) struct Env {
    /// Services to tell of [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) services: Vec<ServiceName>,
    /// How to write them
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "shell")]
    pub(in crate::cli) format: Format,
    #[command(flatten)]
    pub(in crate::cli) names: Standard,
}

/// `devinfra run`
#[derive(Debug, Group)]
pub(in crate::cli) struct Run {
    #[command(flatten)]
    pub(in crate::cli) names: Standard,
    /// Command and its arguments; its exit status is the answer
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(in crate::cli) command: Vec<OsString>,
}

/// `devinfra reset`
#[derive(Debug, Group)]
pub(in crate::cli) struct Reset {
    /// Services whose data goes, with what only makes sense together with it [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) services: Vec<ServiceName>,
    /// Empty the data directories and make the services anew, instead of wiping through them
    #[arg(long)]
    pub(in crate::cli) hard: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Show what would be lost and done, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Standard {
    /// Tell the conventional names as well: `DATABASE_URL`, `PG*`, `AWS_*`, `REDIS_URL`, `LAKECTL_*`
    #[arg(long)]
    pub(in crate::cli) standard: bool,
}

/// How variables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For `eval` in a shell: `export NAME='value'`.
    Shell,
    /// For an env file.
    Dotenv,
    /// One JSON document.
    Json,
    /// For the file behind `GITHUB_ENV`; secrets are masked in the job's log.
    Github,
}

impl Standard {
    pub(in crate::cli) fn names(&self) -> Names {
        if self.standard {
            Names::Standard
        } else {
            Names::Own
        }
    }
}
