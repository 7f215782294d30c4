//! The binary at work, and what came of it.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::Instant;

use super::watch::Watch;

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its exit status; none when a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
    /// When it was seen to have ended.
    pub(crate) ended: SystemTime,
    command: String,
}

/// A run under way. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Process,
    began: Instant,
    command: String,
    watch: Watch,
    lines: Receiver<String>,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// A process that does not outlive its test.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok(); // it has ended, unless the test failed
        self.0.wait().ok();
    }
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let watch = Watch::over(&command);
        let shown = format!("{command:?}");
        let shown = shown.split("devinfra\" ").last().unwrap().to_owned();
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let told = sender.clone();
        let stdout = child.stdout.take().unwrap();
        let stdout = thread::spawn(move || collect(stdout, |line| told.send(line).is_ok()));
        let stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || collect(stderr, |line| sender.send(line).is_ok()));
        Self {
            process: Process(child),
            began,
            command: shown,
            watch,
            lines,
            stdout,
            stderr,
        }
    }

    /// Waits for a line of either stream that has `word` in it.
    #[track_caller]
    pub(crate) fn wait_for(&self, word: &str, patience: Duration) -> String {
        let deadline = Instant::now() + patience;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(word) => return line,
                Ok(line) => seen.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no line with `{word}`, but:\n{}", seen.join("\n"))
                }
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.0.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).ok(); // it may have ended by itself
    }

    /// Waits until it ends. Whatever it did, it has not panicked, nor shown a secret unasked.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Run {
        let status: ExitStatus = self.process.0.wait().unwrap();
        let run = Run {
            code: status.code(),
            elapsed: self.began.elapsed(),
            ended: SystemTime::now(),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
            command: self.command,
        };
        self.watch.look_at(&run.stdout, &run.stderr);
        run
    }
}

fn collect(stream: impl Read, tell: impl Fn(String) -> bool) -> String {
    let mut all = String::new();
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        all.push_str(&line);
        all.push('\n');
        tell(line);
    }
    all
}

impl Run {
    /// It must have exited with `code`.
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert!(
            self.code == Some(code),
            "it should exit with {code}:\n{self}"
        );
        self
    }

    /// It must have succeeded.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is no JSON document: {error}\n{self}"))
    }

    /// Standard output as one JSON object per line.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}"))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The last of the events, which must be the result.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        let last = self.events().pop().unwrap_or_default();
        assert_eq!(last["event"], "result", "no result at the end:\n{self}");
        last
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or("a signal".to_owned(), |code| code.to_string());
        write!(
            f,
            "$ devinfra {}\nended with {code} after {:?}\n--- stdout\n{}--- stderr\n{}---",
            self.command, self.elapsed, self.stdout, self.stderr
        )
    }
}
