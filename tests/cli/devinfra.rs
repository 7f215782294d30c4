//! The binary in an empty directory, with an environment of its own.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::watch::Watch;

/// A run of the binary, which sees nothing of this machine: no variables, an empty home, no engine.
#[must_use]
pub(crate) struct Devinfra {
    temporary: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// What is in the project by the test's own hand.
    files: Vec<PathBuf>,
}

/// The secrets of the template that is used where there is no stack file.
const SECRETS: [(&str, &str); 3] = [
    ("DEV_POSTGRES_PASSWORD", "planted-of-the-database"),
    ("DEV_MINIO_ROOT_PASSWORD", "planted-of-the-store"),
    ("DEV_LAKEFS_ENCRYPT_SECRET_KEY", "planted-of-lakefs"),
];

impl Devinfra {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        for directory in ["project", "home"] {
            fs::create_dir(temporary.path().join(directory)).unwrap();
        }
        Self {
            temporary,
            arguments: Vec::new(),
            environment: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Writes `devinfra.yaml`.
    pub(crate) fn stack(self, text: &str) -> Self {
        self.file("devinfra.yaml", text)
    }

    /// Writes a file of the project.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        let path = self.project().join(path);
        fs::write(&path, text).unwrap();
        self.files.push(path);
        self
    }

    /// Adds arguments; `[DIR]` stands for the temporary directory.
    pub(crate) fn args<'a>(mut self, arguments: impl AsRef<[&'a str]>) -> Self {
        let directory = self.temporary.path().to_str().unwrap();
        let arguments = arguments
            .as_ref()
            .iter()
            .map(|argument| argument.replace("[DIR]", directory));
        self.arguments.extend(arguments);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.temporary.path().join("project")
    }

    /// A path beside the project.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devinfra"));
        let socket = self.beside("no.sock");
        command
            .args(&self.arguments)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.beside("home"))
            .env("COLUMNS", "100")
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            .envs(SECRETS)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs it: its exit status and both streams, as one text.
    #[track_caller]
    pub(crate) fn run(&self) -> String {
        self.shown(&self.output())
    }

    /// Runs it.
    #[track_caller]
    pub(crate) fn output(&self) -> Output {
        self.output_with(|_as_it_is| {})
    }

    /// Runs it, prepared otherwise. Every run goes through here, where it is watched, and what it has
    /// written to files is as well.
    #[track_caller]
    pub(crate) fn output_with(&self, prepare: impl FnOnce(&mut Command)) -> Output {
        let mut command = self.command();
        prepare(&mut command);
        let watch = Watch::over(&command);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        watch.look_at(&text(&output.stdout), &text(&output.stderr));
        for entry in fs::read_dir(self.project()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !self.files.contains(&path) {
                watch.look_at("", &fs::read_to_string(path).unwrap());
            }
        }
        output
    }

    /// Runs it, and returns its standard output as it is.
    #[track_caller]
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output().stdout).unwrap()
    }

    /// A finished run as one text; times and places differ from run to run.
    #[track_caller]
    pub(crate) fn shown(&self, output: &Output) -> String {
        let status = match (output.status.code(), output.status.signal()) {
            (Some(code), _) => format!("exit: {code}\n"),
            (None, signal) => format!("signal: {signal:?}\n"),
        };
        let stream = |name: &str, bytes: &[u8]| match str::from_utf8(bytes).unwrap() {
            "" => String::new(),
            text => format!("--- {name}\n{}\n", self.without_places(text).trim_end()),
        };
        status + &stream("stdout", &output.stdout) + &stream("stderr", &output.stderr)
    }

    fn without_places(&self, text: &str) -> String {
        let text = text.replace(self.temporary.path().to_str().unwrap(), "[DIR]");
        let Some((before, after)) = text.split_once("\"elapsed_ms\":") else {
            return text;
        };
        let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        format!("{before}\"elapsed_ms\":0{rest}")
    }
}

/// The text of a fixture under `tests/stacks`.
pub(crate) fn fixture(path: &str) -> String {
    let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks");
    fs::read_to_string(stacks.join(path)).unwrap()
}
