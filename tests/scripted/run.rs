//! One run of the real binary.

use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, getuid};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::engine::ScriptedEngine;
use crate::pty::Pty;
use crate::watch::Watch;

/// No run may take longer, on however busy a machine.
const TOO_LONG: Duration = Duration::from_mins(1);

/// The stack of the tests that are about the engine.
pub(crate) const STACK: &str = r#"
name: scripted
services:
  db:
    image: example/db:1
    ports: ["127.0.0.1::80"]
    environment: {DB_PASSWORD: planted-4f1c9e}
    stop_grace_period: 1s
    x-devinfra: {kind: tcp}
  app:
    image: example/app:1
    environment: {API_TOKEN: planted-4f1c9e}
    depends_on: {db: {condition: service_healthy}}
    volumes: ["data:/data"]
    stop_grace_period: 1s
volumes: {data: {}}
"#;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` when it had to be ended.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
    }

    /// The `error` of the result that ends standard output.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        let result: Value = serde_json::from_str(last).unwrap();
        result["error"].clone()
    }

    /// The exit status and the code of the failure.
    #[track_caller]
    pub(crate) fn failure(&self) -> (Option<i32>, String) {
        let code = self.error()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }
}

/// Runs devinfra over the stack of the tests on the scripted engine, with short deadlines.
pub(crate) async fn devinfra(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    start(engine, arguments).ended().await
}

/// The same, on whatever engine the arguments choose.
pub(crate) async fn devinfra_anywhere(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    let binary = Command::new(env!("CARGO_BIN_EXE_devinfra"));
    begin(binary, engine, arguments).ended().await
}

/// The same, by a user who owns nothing and belongs to no group.
pub(crate) async fn devinfra_of_nobody(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    const NOBODY: u32 = 65534;
    // Where the build is, nobody else may be allowed to look.
    let copy = engine.directory().join("devinfra-copy");
    fs::copy(env!("CARGO_BIN_EXE_devinfra"), &copy).unwrap();
    let mut binary = Command::new(copy);
    if getuid().is_root() {
        binary.uid(NOBODY).gid(NOBODY);
    }
    begin(binary, engine, &on(engine, arguments)).ended().await
}

/// The same, where the process may have no more files than its three streams and one.
pub(crate) async fn with_few_files(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    let mut shell = Command::new("sh");
    let script = "ulimit -n 4; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_devinfra")]);
    begin(shell, engine, &on(engine, arguments)).ended().await
}

/// The same, with the programs of the project directory's `bin`.
pub(crate) async fn with_programs(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    let mut shell = Command::new("sh");
    let script = "PATH=$PWD/bin:$PATH exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_devinfra")]);
    begin(shell, engine, &on(engine, arguments)).ended().await
}

/// The same, with one more variable, `NAME=VALUE`, in the environment; an empty text is none.
pub(crate) async fn with_variable(
    engine: &ScriptedEngine,
    variable: &str,
    arguments: &[&str],
) -> Ran {
    let mut command = Command::new("env");
    command.args((!variable.is_empty()).then_some(variable));
    command.arg(env!("CARGO_BIN_EXE_devinfra"));
    begin(command, engine, &on(engine, arguments)).ended().await
}

/// Starts a run.
pub(crate) fn start(engine: &ScriptedEngine, arguments: &[&str]) -> Run {
    let binary = Command::new(env!("CARGO_BIN_EXE_devinfra"));
    begin(binary, engine, &on(engine, arguments))
}

/// Starts a run that was told not to heed a terminal that is closed, as `nohup` does.
pub(crate) fn start_ignoring_hangups(engine: &ScriptedEngine, arguments: &[&str]) -> Run {
    let mut shell = Command::new("sh");
    let script = "trap '' HUP; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_devinfra")]);
    begin(shell, engine, &on(engine, arguments))
}

/// The arguments, with the engine that they are about.
fn on(engine: &ScriptedEngine, arguments: &[&str]) -> Vec<String> {
    let engine = ["--host".to_owned(), engine.url()].into_iter();
    engine
        .chain(arguments.iter().map(|&one| one.to_owned()))
        .collect()
}

/// Runs devinfra at a terminal, where `sit` does what a person does: what was shown, and the status.
pub(crate) async fn at_a_terminal(
    engine: &ScriptedEngine,
    arguments: &[&str],
    sit: impl FnOnce(&mut Pty) + Send + 'static,
) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devinfra"));
    prepare(&mut command, engine, &on(engine, arguments));
    // The engine goes on beside a person who waits.
    let sitting = spawn_blocking(|| {
        let mut pty = Pty::start(command.into_std(), 100, 30);
        sit(&mut pty);
        (pty.ends(), pty.shown())
    });
    sitting.await.unwrap()
}

fn prepare(command: &mut Command, engine: &ScriptedEngine, arguments: &[impl AsRef<str>]) {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let directory = engine.directory();
    if !arguments.contains(&"--engine-timeout") {
        command.args(["--engine-timeout", "800ms"]);
    }
    command
        .env_clear()
        .env("HOME", directory)
        .env("XDG_RUNTIME_DIR", directory)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(directory)
        .args(&arguments);
}

fn begin(mut command: Command, engine: &ScriptedEngine, arguments: &[impl AsRef<str>]) -> Run {
    prepare(&mut command, engine, arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    Run {
        stdout: Stream::read(child.stdout.take().unwrap()),
        stderr: Stream::read(child.stderr.take().unwrap()),
        child,
        watch: Watch::over(command.as_std()),
    }
}

/// A run under way. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Run {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    watch: Watch,
}

impl Run {
    pub(crate) fn id(&self) -> Pid {
        let id = self.child.id().unwrap();
        Pid::from_raw(id.cast_signed()).unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has written to standard output until now.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The same of standard error.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until it ends. Whatever it did, it has not panicked, nor shown a secret unasked.
    pub(crate) async fn ended(mut self) -> Ran {
        let ended = async {
            let status = self.child.wait().await.unwrap();
            (&mut self.stdout.reading).await.unwrap();
            (&mut self.stderr.reading).await.unwrap();
            status.code()
        };
        let ran = Ran {
            status: timeout(TOO_LONG, ended).await.unwrap_or_default(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        };
        self.watch.look_at(&ran.stdout, &ran.stderr);
        ran
    }
}

/// What comes on a stream of a run.
#[derive(Debug)]
struct Stream {
    read: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Stream {
    fn read(mut stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let read = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&read);
        let reading = tokio::spawn(async move {
            let mut part = vec![0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut part).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&part[..length]);
            }
        });
        Self { read, reading }
    }

    fn text(&self) -> String {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&read).into_owned()
    }
}
