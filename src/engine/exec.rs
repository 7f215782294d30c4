//! A command inside a container that somebody stays attached to.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::io::AsyncWrite;

use super::{EngineError, LogStream};
use crate::model::Secret;

/// What to run inside a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecRequest {
    /// The command and its arguments; no shell.
    pub command: Vec<String>,
    /// Who runs it, as `user`, `user:group` or their numbers; the container's own user when absent.
    pub user: Option<String>,
    /// Where it runs; the container's own working directory when absent.
    pub working_directory: Option<String>,
    /// Environment variables on top of the container's own. They are on no command line.
    pub environment: Vec<(String, Secret)>,
    /// The size of the terminal it gets; none when absent, and then its two output streams are
    /// kept apart.
    pub terminal: Option<TerminalSize>,
}

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// How wide.
    pub columns: u16,
    /// How high.
    pub rows: u16,
}

/// An engine's id of a command that runs inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecId(pub String);

/// A part of what a command wrote. It ends anywhere, also in the middle of a character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Which of its two streams; always standard output where it has a terminal.
    pub stream: LogStream,
    /// What it wrote.
    pub bytes: Bytes,
}

impl Chunk {
    /// Whether a runtime says with it that it could not run the command at all. It comes on the
    /// command's standard output.
    pub fn says_not_run(&self) -> bool {
        self.bytes.starts_with(b"OCI runtime exec failed")
    }
}

/// A command that was started, and its streams.
pub struct Attached {
    /// What the engine calls it.
    pub id: ExecId,
    /// Its standard input; shutting it down is the end of the input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it writes. The stream ends with the command.
    pub output: BoxStream<'static, Result<Chunk, EngineError>>,
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
