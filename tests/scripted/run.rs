//! One run of the real binary.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::engine::ScriptedEngine;

/// What is planted in the stack's environment, and must appear nowhere.
pub(crate) const PLANTED: &str = "planted-4f1c9e";

/// No run may take longer, on however busy a machine.
const TOO_LONG: Duration = Duration::from_mins(1);

const STACK: &str = r#"
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
    /// What must never be in an output.
    pub(crate) fn breaches(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (stream, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if text.contains("panicked at") {
                found.push(format!("a panic on {stream}: {text}"));
            }
            if text.contains(PLANTED) {
                found.push(format!("a secret on {stream}: {text}"));
            }
        }
        found
    }

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
    let url = engine.url();
    let mut all = vec!["--host", &url];
    all.extend(arguments);
    devinfra_anywhere(engine, &all).await
}

/// The same, on whatever engine the arguments choose.
pub(crate) async fn devinfra_anywhere(engine: &ScriptedEngine, arguments: &[&str]) -> Ran {
    let directory = engine.directory();
    let file = directory.join("devinfra.yaml");
    fs::write(&file, STACK).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_devinfra"));
    command
        .env_clear()
        .env("HOME", directory)
        .env("XDG_RUNTIME_DIR", directory)
        .current_dir(directory)
        .args(["--engine-timeout", "800ms"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match timeout(TOO_LONG, command.output()).await {
        Ok(output) => {
            let output = output.unwrap();
            Ran {
                status: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
        Err(_elapsed) => Ran {
            status: None,
            stdout: String::new(),
            stderr: String::new(),
        },
    }
}
