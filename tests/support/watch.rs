//! What every run of the binary in a test is held to: whatever it did, it has not panicked, nor shown
//! a secret unasked.
//!
//! The secrets of the tests' stacks all begin with [`PLANTED`], which nothing else does, so that a run
//! that shows one can't be missed, nor taken for one by mistake.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use clap::CommandFactory as _;
use devinfra::cli::Args;

/// How every secret of a stack of a test begins.
pub(crate) const PLANTED: &str = "planted-";

/// How a panic is told: by Rust, and by devinfra.
const PANICS: [&str; 2] = ["panicked at", "devinfra has a defect"];

/// How lines begin that are devinfra's own, among those of another program.
const OWN: [&str; 5] = [
    "error: ",
    "  Caused by: ",
    "hint: ",
    "warning: ",
    "{\"schema\"",
];

/// A watch over one run.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    shows: Shows,
    project: PathBuf,
}

/// What a run may show of its stack's secrets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shows {
    /// Nothing.
    Nothing,
    /// Its answer has them, since it is asked for them: `env` and `config --show-secrets`.
    Answer,
    /// What another program writes, which knows them: `run`, `exec`, `psql` and `valkey-cli`.
    OtherProgram,
}

/// Where a run has shown something.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stream {
    Stdout,
    Stderr,
}

impl Watch {
    pub(crate) fn over(command: &Command) -> Self {
        let directory = command.get_current_dir();
        Self {
            shows: Shows::of(command),
            project: directory.map(PathBuf::from).unwrap_or_default(),
        }
    }

    /// Panics where the run has shown what it must not.
    #[track_caller]
    pub(crate) fn look_at(&self, stdout: &str, stderr: &str) {
        let wrong = self.wrong(stdout, stderr);
        assert_eq!(wrong, None, "\n--- stdout\n{stdout}--- stderr\n{stderr}---");
    }

    /// What is wrong with what the run has shown.
    pub(crate) fn wrong(&self, stdout: &str, stderr: &str) -> Option<String> {
        let forms = self.forms();
        let stdout = stdout.lines().map(|line| (Stream::Stdout, line));
        let stderr = stderr.lines().map(|line| (Stream::Stderr, line));
        stdout.chain(stderr).find_map(|(stream, line)| {
            if PANICS.iter().any(|words| line.contains(words)) {
                return Some(format!("it panicked: {line}"));
            }
            let has_secret = forms.iter().any(|form| line.contains(form));
            let is_wrong = has_secret && !self.may_show(stream, line);
            is_wrong.then(|| format!("a secret is shown: {line}"))
        })
    }

    /// Whether the line of a stream may have a secret in it.
    fn may_show(&self, stream: Stream, line: &str) -> bool {
        match self.shows {
            Shows::Nothing => false,
            // GitHub is told on the other stream what it must hide.
            Shows::Answer => stream == Stream::Stdout || line.starts_with("::add-mask::"),
            Shows::OtherProgram => !OWN.iter().any(|own| line.starts_with(own)),
        }
    }

    /// What no line may have in it: the beginning of the secrets, also in base64 behind a user's name,
    /// and the keys that LakeFS was set up with, which are in a file of the project.
    fn forms(&self) -> Vec<String> {
        let mut forms = vec![PLANTED.to_owned()];
        for (before, skipped) in [("", 0), ("u", 2), ("us", 3)] {
            let text = format!("{before}{PLANTED}");
            let whole = text.len() * 8 / 6;
            let encoded = BASE64_STANDARD_NO_PAD.encode(text);
            forms.push(encoded.chars().take(whole).skip(skipped).collect());
        }
        let file = self.project.join("hub-meta/dev/lakefs/credentials.env");
        let keys = fs::read_to_string(file).unwrap_or_default();
        let keys = keys.lines().filter_map(|line| line.split_once('='));
        let keys = keys.filter(|(_, key)| key.len() >= 16);
        forms.extend(keys.map(|(_, key)| key.to_owned()));
        forms
    }
}

impl Shows {
    /// Arguments that are not understood are those of a run that shows nothing.
    fn of(command: &Command) -> Self {
        let name = ["devinfra".as_ref()].into_iter();
        let parsed = Args::command().try_get_matches_from(name.chain(command.get_args()));
        let Ok(parsed) = parsed else {
            return Self::Nothing;
        };
        match parsed.subcommand() {
            Some(("env", _)) => Self::Answer,
            Some(("config", config)) if config.get_flag("show_secrets") => Self::Answer,
            Some(("run" | "exec" | "psql" | "valkey-cli", _)) => Self::OtherProgram,
            _ => Self::Nothing,
        }
    }
}
