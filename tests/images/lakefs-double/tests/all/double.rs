//! The double as a process with a directory of its own, and an HTTP client for it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;

pub(crate) const GOOD: &str = "key:secret";
pub(crate) const SETUP: &str =
    r#"{"username":"admin","key":{"access_key_id":"key","secret_access_key":"secret"}}"#;

/// A prepared double. Dropping it kills its process.
pub(crate) struct Double {
    pub(crate) directory: TempDir,
    pub(crate) address: String,
    command: Command,
    child: Option<Child>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Double {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakefs"));
        command
            .arg("run")
            .env_clear()
            .env("HOME", directory.path())
            .env("LAKEFS_LISTEN_ADDRESS", &address)
            .env("LAKEFS_DATABASE_TYPE", "local")
            .env("LAKEFS_AUTH_ENCRYPT_SECRET_KEY", "one key")
            .env("LAKEFS_BLOCKSTORE_TYPE", "s3")
            .env("LAKEFS_BLOCKSTORE_S3_ENDPOINT", "http://127.0.0.1:1")
            .env("LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE", "true")
            .env("LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID", "minio")
            .env(
                "LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY",
                "minio secret",
            )
            .stdout(Stdio::piped());
        Self {
            directory,
            address,
            command,
            child: None,
        }
    }

    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.command.env(format!("LAKEFS_{name}"), value);
    }

    #[must_use]
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            self.command.env_remove(format!("LAKEFS_{name}"));
        }
        self
    }

    #[must_use]
    pub(crate) fn started(mut self) -> Self {
        self.start();
        self
    }

    pub(crate) fn set_up(self) -> Self {
        let double = self.started();
        assert_eq!(double.post("/api/v1/setup_lakefs", "", SETUP).status, 200);
        double
    }

    pub(crate) fn start(&mut self) {
        let start = Instant::now();
        self.child = Some(self.command.spawn().unwrap());
        while TcpStream::connect(&self.address).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the double did not start"
            );
            yield_now();
        }
    }

    /// Ends the process as an engine would, and returns what it said.
    pub(crate) fn stop(&mut self) -> (Option<i32>, String) {
        let child = self.child.take().unwrap();
        let kill = Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        outcome(&child.wait_with_output().unwrap())
    }

    /// Starts a double that must not come up: its exit code and its last line, without the time.
    pub(crate) fn failure(&mut self) -> (Option<i32>, String) {
        let (code, text) = outcome(&self.command.output().unwrap());
        let line = text.lines().last().unwrap();
        (
            code,
            line.split_once("Z\" ")
                .map_or(line, |(_, rest)| rest)
                .to_owned(),
        )
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    pub(crate) fn get(&self, path: &str, credentials: &str) -> Answer {
        self.ask("GET", path, credentials, "")
    }

    pub(crate) fn post(&self, path: &str, credentials: &str, body: &str) -> Answer {
        self.ask("POST", path, credentials, body)
    }

    pub(crate) fn delete(&self, name: &str) -> u16 {
        self.ask("DELETE", &format!("/api/v1/repositories/{name}"), GOOD, "")
            .status
    }

    pub(crate) fn create(&self, name: &str, namespace: &str) -> Answer {
        let body = format!(r#"{{"name":"{name}","storage_namespace":"{namespace}"}}"#);
        self.post("/api/v1/repositories", GOOD, &body)
    }

    fn ask(&self, method: &str, path: &str, credentials: &str, body: &str) -> Answer {
        let authorization = match credentials {
            "" => String::new(),
            pair => format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(pair)),
        };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: lakefs\r\nConnection: close\r\n{authorization}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Answer {
    /// Status and body, with the date of now as `<now>`.
    pub(crate) fn row(&self) -> String {
        let mut parts = self.body.split("\"creation_date\":");
        let mut row = format!("{} {}", self.status, parts.next().unwrap());
        for part in parts {
            let digits = part.find(|byte: char| !byte.is_ascii_digit()).unwrap();
            let date = if digits == 10 {
                "<now>"
            } else {
                &part[..digits]
            };
            write!(row, "\"creation_date\":{date}{}", &part[digits..]).unwrap();
        }
        row
    }
}

fn outcome(output: &Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        String::from_utf8(output.stdout.clone()).unwrap(),
    )
}
