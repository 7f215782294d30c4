//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::cache_args::Cache;
use super::data_args::{Env, Reset, Run};
use super::global_args::{Global, file_without_short};
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
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create what is missing, replace what changed, start, and wait until everything is usable
    Up(Up),
    /// Stop gracefully, remove, and prove that nothing is left; data is kept
    Down(Down),
    /// Wipe the stack's data, and leave its services usable
    Reset(Reset),
    /// Show what exists, and whether it is usable now
    #[command(visible_alias = "ps")]
    Status,
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
pub(super) struct Up {
    /// Services to bring up, with all that they depend on [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(super) services: Vec<ServiceName>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How long each service may take to become usable; pulls are not counted
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(super) wait_timeout: Duration,
    /// Service to leave out; repeatable
    #[arg(long, value_name = "SERVICE", value_parser = service_name)]
    pub(super) without: Vec<ServiceName>,
    /// Replace containers that have not changed, too
    #[arg(long)]
    pub(super) recreate: bool,
    /// When to pull images, instead of what the stack file says
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(super) pull: Option<Pull>,
    /// Skip the cache checks
    #[arg(long)]
    pub(super) no_check: bool,
    /// Take over containers of the same names that devinfra did not make; their data is kept
    #[arg(long)]
    pub(super) adopt: bool,
    /// Show where the time went
    #[arg(long)]
    pub(super) timings: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Pull {
    /// When the engine does not have the image.
    Missing,
    /// Before everything else.
    Always,
    /// Not at all.
    Never,
}

#[derive(Debug, Group)]
pub(super) struct Down {
    /// Services to take down [default: the whole stack with its networks]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(super) services: Vec<ServiceName>,
    /// How long a service may take to stop [default: its grace period]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Take down containers of the same names that devinfra did not make, too
    #[arg(long)]
    pub(super) adopt: bool,
}

#[derive(Debug, Group)]
pub(super) struct Logs {
    /// Services to show [default: all]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(super) services: Vec<ServiceName>,
    /// Show what they write from now on as well, until Ctrl-C
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Only the last so many lines of each service
    #[arg(short = 'n', long, value_name = "N")]
    pub(super) tail: Option<usize>,
    /// Only what was written since then: a duration such as `10m`, or a time such as
    /// `2026-11-23T20:00:00Z`
    #[arg(long, value_name = "WHEN")]
    pub(super) since: Option<String>,
    /// Show the time of each line
    #[arg(short, long)]
    pub(super) timestamps: bool,
}

#[derive(Debug, Group)]
pub(super) struct Exec {
    /// Give the command no terminal, even where there is one
    #[arg(short = 'T', long)]
    pub(super) no_tty: bool,
    /// Run it as this user [default: the container's]
    #[arg(short, long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// Run it in this directory [default: the container's]
    #[arg(short, long, value_name = "DIR")]
    pub(super) workdir: Option<String>,
    /// Environment variable for it; repeatable, and without a value it is our own
    #[arg(short, long = "env", value_name = "NAME[=VALUE]")]
    pub(super) environment: Vec<String>,
    /// Service whose container it runs in
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(super) service: ServiceName,
    /// The command and its arguments; no shell
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(super) command: Vec<String>,
}

#[derive(Debug, Group)]
pub(super) struct Client {
    /// Service to talk to, where the stack has several of the kind
    #[arg(long, value_name = "SERVICE", value_parser = service_name)]
    pub(super) service: Option<ServiceName>,
    /// Arguments of the program, whatever they look like
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(super) arguments: Vec<String>,
}

#[derive(Debug, Group)]
pub(super) struct Report {
    /// File to write; `-` is standard output
    #[arg(value_name = "FILE", default_value = "devinfra-report.md")]
    pub(super) file: PathBuf,
}

#[derive(Debug, Group)]
pub(super) struct ManPages {
    /// Directory to write the pages of all commands to
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(super) struct Config {
    /// Show passwords, keys, and the values of `environment`, as they are
    #[arg(long)]
    pub(super) show_secrets: bool,
}

#[derive(Debug, Group)]
pub(super) struct Init {
    /// Template to write [default: kohakuhub]
    #[arg(value_name = "TEMPLATE")]
    pub(super) template: Option<String>,
    /// List the templates
    #[arg(long)]
    pub(super) list: bool,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "devinfra.yaml")]
    pub(super) output: PathBuf,
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

pub(super) fn service_name(text: &str) -> Result<ServiceName, String> {
    ServiceName::new(text).map_err(|error| error.to_string())
}

/// `90`, `90s`, `2m`, `1m30s`, `500ms`: a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // A longer one reaches past the end of the clock when it is added to the present.
    const LONGEST: Duration = Duration::from_hours(365 * 24);
    let found = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let span: jiff::SignedDuration = text
            .parse()
            .map_err(|error: jiff::Error| format!("{error}; write `90s` or `1m30s`"))?;
        Duration::try_from(span).map_err(|_negative| "it is negative".to_owned())?
    };
    if found > LONGEST {
        return Err("it is longer than a year".to_owned());
    }
    Ok(found)
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

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("soon").is_err());
        assert!(duration("-1s").is_err());
        assert!(duration("18446744073709551615").is_err());
    }
}
