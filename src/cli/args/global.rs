//! What every command takes on the command line.
//!
//! What the environment says instead is for `settings` to read.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Args as Group, ValueEnum};

use super::values::duration;
use crate::model::StackName;

/// What every command takes.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// Stack file to read, or `template:NAME`; repeatable, later files merge over earlier ones
    /// [environment: `DEVINFRA_FILE`]
    #[arg(
        short,
        long = "file",
        global = true,
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(in crate::cli) files: Vec<String>,
    /// Directory that relative paths start from [default: that of the first stack file]
    #[arg(long, global = true, value_name = "DIR")]
    pub(in crate::cli) project_directory: Option<PathBuf>,
    /// Name of the stack, instead of the stack file's [environment: `DEVINFRA_NAME`]
    #[arg(long, global = true, value_parser = stack_name)]
    pub(in crate::cli) name: Option<StackName>,
    /// Env file to interpolate from, instead of those the stack file lists; repeatable
    #[arg(long = "env-file", global = true, value_name = "FILE")]
    pub(in crate::cli) env_files: Vec<PathBuf>,
    /// Profile to switch on; repeatable
    #[arg(long = "profile", global = true, value_name = "NAME")]
    pub(in crate::cli) profiles: Vec<String>,
    /// Engine to talk to, such as `unix:///var/run/docker.sock`
    #[arg(long, global = true, value_name = "URL")]
    pub(in crate::cli) host: Option<String>,
    /// Docker context to talk to
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "host")]
    pub(in crate::cli) context: Option<String>,
    /// How long the engine may take to answer a question; what works on disks or networks gets four
    /// times as long
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(in crate::cli) engine_timeout: Duration,
    /// Answer in JSON on standard output
    #[arg(long, global = true)]
    pub(in crate::cli) json: bool,
    /// How progress is shown
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "HOW",
        default_value = "auto"
    )]
    pub(in crate::cli) progress: Progress,
    /// Show no progress; the same as `--progress quiet`
    #[arg(short, long, global = true)]
    pub(in crate::cli) quiet: bool,
    /// Tell what is asked of the engine; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(in crate::cli) verbose: u8,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(in crate::cli) color: Colour,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Progress {
    /// `github` in GitHub Actions, `tty` on a terminal, `plain` elsewhere.
    Auto,
    /// A live line per service.
    Tty,
    /// Lines with the time elapsed.
    Plain,
    /// Lines in a group, and failures as annotations of GitHub Actions.
    Github,
    /// Nothing but errors.
    Quiet,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `--file` of a command whose `-f` means another thing. It has the id of the global argument and
/// takes its place there.
pub(in crate::cli) fn file_without_short() -> Arg {
    Arg::new("files")
        .long("file")
        .value_name("FILE")
        .value_delimiter(',')
        .action(ArgAction::Append)
        .help("Stack file to read, or `template:NAME`; repeatable")
        .help_heading("Global options")
}

fn stack_name(text: &str) -> Result<StackName, String> {
    StackName::new(text).map_err(|error| error.to_string())
}
