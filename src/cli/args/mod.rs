//! What can be said on the command line.

pub(super) mod cache;
pub(super) mod data;
pub(super) mod global;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use cache::Cache;
use data::{Env, Reset, Run};
use global::{Global, file_without_short};
use values::{duration, service_name};

use crate::model::{PullPolicy, ServiceName};

/// Bring a project's local infrastructure up, prove that it is usable, and take it down without
/// losing anything
///
/// Without a stack file in this directory or above it, the embedded template `kohakuhub` is used.
#[derive(Debug, Parser)]
#[command(
    name = "devinfra",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Args {
    #[command(flatten)]
    pub(in crate::cli) global: Global,
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Create what is missing, replace what changed, start, and wait until everything is usable
    Up(Up),
    /// Stop gracefully, remove, and prove that nothing is left; data is kept
    Down(Down),
    /// Wipe the stack's data, and leave its services usable
    Reset(Reset),
    /// Show what exists, and whether it is usable now
    #[command(visible_alias = "ps")]
    Status,
    /// List the stacks on this engine, and the directories they were brought up from
    ///
    /// `devinfra --project-directory DIR down` takes down also what a directory has left that is gone.
    Ls,
    /// Look at the engine, ports, images, data directories and files, and say what to do
    ///
    /// Exits with 0 when nothing fails, and with 1 otherwise; works without an engine and without a
    /// valid stack file.
    Doctor,
    /// Show what services wrote; passwords and keys of the stack are left out
    #[command(arg = file_without_short())]
    Logs(Logs),
    /// Show the application's variables
    Env(Env),
    /// Run a command with the application's variables
    Run(Run),
    /// Check, flush, and measure the Valkey cache
    #[command(subcommand)]
    Cache(Cache),
    /// Run a command in a service's container; its exit status is the command's
    Exec(Exec),
    /// Talk to the stack's database with `psql`, logged in as the application is
    Psql(Client),
    /// Talk to the stack's cache with `valkey-cli`, logged in as the application is
    ValkeyCli(Client),
    /// Show the stack file as it is understood
    Config(Config),
    /// Write a stack file to start from
    Init(Init),
    /// Write one file with what somebody needs to see after a failure; secrets are left out
    Report(Report),
    /// Print the script that completes devinfra's arguments in a shell
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    Man(ManPages),
    /// Print the JSON Schema of stack files, for editors
    Schema,
}

#[derive(Debug, Group)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub(in crate::cli) struct Up {
    /// Services to bring up, with all that they depend on [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) services: Vec<ServiceName>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// How long each service may take to become usable; pulls are not counted
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(in crate::cli) wait_timeout: Duration,
    /// Service to leave out; repeatable
    #[arg(long, value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) without: Vec<ServiceName>,
    /// Replace containers that have not changed, too
    #[arg(long)]
    pub(in crate::cli) recreate: bool,
    /// When to pull images, instead of what the stack file says
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(in crate::cli) pull: Option<Pull>,
    /// Skip the cache checks
    #[arg(long)]
    pub(in crate::cli) no_check: bool,
    /// Take over containers of the same names that devinfra did not make; their data is kept
    #[arg(long)]
    pub(in crate::cli) adopt: bool,
    /// Show where the time went
    #[arg(long)]
    pub(in crate::cli) timings: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Pull {
    /// When the engine does not have the image.
    Missing,
    /// Before everything else.
    Always,
    /// Not at all.
    Never,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Down {
    /// Services to take down [default: the whole stack with its networks]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) services: Vec<ServiceName>,
    /// How long a service may take to stop [default: its grace period]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) timeout: Option<Duration>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Take down containers of the same names that devinfra did not make, too
    #[arg(long)]
    pub(in crate::cli) adopt: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Logs {
    /// Services to show [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) services: Vec<ServiceName>,
    /// Show what they write from now on as well, until Ctrl-C
    #[arg(short, long)]
    pub(in crate::cli) follow: bool,
    /// Only the last so many lines of each service
    #[arg(short = 'n', long, value_name = "N")]
    pub(in crate::cli) tail: Option<usize>,
    /// Only what was written since then: a duration such as `10m`, or a time such as
    /// `2026-11-23T20:00:00Z`
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) since: Option<String>,
    /// Show the time of each line
    #[arg(short, long)]
    pub(in crate::cli) timestamps: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Exec {
    /// Give the command no terminal, even where there is one
    #[arg(short = 'T', long)]
    pub(in crate::cli) no_tty: bool,
    /// Run it as this user [default: the container's]
    #[arg(short, long, value_name = "USER")]
    pub(in crate::cli) user: Option<String>,
    /// Run it in this directory [default: the container's]
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) workdir: Option<String>,
    /// Environment variable for it; repeatable, and without a value it is our own
    #[arg(short, long = "env", value_name = "NAME[=VALUE]")]
    pub(in crate::cli) environment: Vec<String>,
    /// Service whose container it runs in
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) service: ServiceName,
    /// The command and its arguments; no shell
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(in crate::cli) command: Vec<String>,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Client {
    /// Service to talk to, where the stack has several of the kind
    #[arg(long, value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) service: Option<ServiceName>,
    /// Arguments of the program, whatever they look like
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(in crate::cli) arguments: Vec<String>,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Report {
    /// File to write; `-` is standard output
    #[arg(value_name = "FILE", default_value = "devinfra-report.md")]
    pub(in crate::cli) file: PathBuf,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct ManPages {
    /// Directory to write the pages of all commands to
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Config {
    /// Show passwords, keys, and the values of `environment`, as they are
    #[arg(long)]
    pub(in crate::cli) show_secrets: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Init {
    /// Template to write [default: kohakuhub]
    #[arg(value_name = "TEMPLATE")]
    pub(in crate::cli) template: Option<String>,
    /// List the templates
    #[arg(long)]
    pub(in crate::cli) list: bool,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "devinfra.yaml")]
    pub(in crate::cli) output: PathBuf,
}

impl From<Pull> for PullPolicy {
    fn from(pull: Pull) -> Self {
        match pull {
            Pull::Missing => Self::Missing,
            Pull::Always => Self::Always,
            Pull::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn logs_has_an_f_of_its_own_and_takes_stack_files_all_the_same() {
        let files = |arguments: &[&str]| {
            let args = Args::try_parse_from(arguments).unwrap();
            let Command::Logs(logs) = args.command else {
                panic!("not logs");
            };
            (args.global.files, logs.follow)
        };
        let before = files(&["devinfra", "-f", "one.yaml", "logs", "-f", "db"]);
        assert_eq!(before, (vec!["one.yaml".to_owned()], true));
        let after = files(&["devinfra", "logs", "--file", "one.yaml"]);
        assert_eq!(after, (vec!["one.yaml".to_owned()], false));
    }
}
