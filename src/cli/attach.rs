//! Commands inside containers, connected to our own streams.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use futures_util::future::{BoxFuture, pending};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::Exit;
use super::error::CliError;
use super::output::Output;
use super::signals::Told;
use super::terminal::{self, RawMode};
use crate::engine::{Attached, Chunk, Engine, EngineError, ExecId, ExecRequest, LogStream, Marker};
use crate::model::{ContainerId, ServiceName};

/// How long the engine may take to know the exit status of a command that has ended.
const TO_BE_KNOWN: Duration = Duration::from_secs(5);

/// What a command writes.
pub(super) type Chunks = BoxStream<'static, Result<Chunk, EngineError>>;

/// Whose container the command runs in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) service: &'a ServiceName,
    pub(super) container: &'a ContainerId,
    pub(super) output: &'a Output,
}

/// How the command's output has ended.
enum Ended {
    /// With the command.
    ByItself,
    /// It can't be written: nobody reads it any more, or a disk is full.
    Unwritten(io::Error),
    /// By a signal to us, of this name.
    Told(Exit, &'static str),
    /// The command was never run; the runtime's words.
    NotRun(String),
}

/// Runs the command, and returns its exit status.
///
/// With a terminal, every key is the command's, Ctrl-C included. A signal to us is passed on to it.
pub(super) async fn attach(target: Target<'_>, request: &ExecRequest) -> Result<Exit, CliError> {
    let request = &mut request.clone();
    let marker = Marker::on(request);
    let mut told = Told::listen().map_err(|error| CliError::runtime(&error))?;
    let mut resized =
        signal(SignalKind::window_change()).map_err(|error| CliError::runtime(&error))?;
    let program = request.command.first().map_or("", String::as_str);
    // The engine may be silent, which is no reason for Ctrl-C to be.
    let attached = tokio::select! {
        attached = target.engine.attach(target.container, request) => attached,
        (exit, _) = told.ending() => {
            target.output.warn(may_go_on(program, target.service));
            return Ok(exit);
        }
    };
    let attached = attached.map_err(|error| match &error {
        // Some engines look for the program before they answer.
        EngineError::BadCommand { source } => {
            CliError::not_run(program, target.service, &source.message, 126)
        }
        _ => CliError::engine(&error),
    })?;
    // Entered after the engine's answer, so that its failure is told on a terminal in order.
    let raw_mode = match request.terminal {
        Some(_) => Some(RawMode::enter().map_err(|error| CliError::runtime(&error))?),
        None => None,
    };
    let Attached {
        id,
        input,
        mut output,
    } = attached;
    let sizes = Sizes {
        now: request.terminal.map(|_| target.resize(&id)),
        changed: &mut resized,
    };
    let ended = target.connect(&id, input, &mut output, &mut told, sizes);
    let ended = ended.await;
    drop(raw_mode);
    if let Some(signal) = ended.as_ref().ok().and_then(Ended::signal) {
        // Shells on a terminal heed no other.
        let signal = request.terminal.map_or(signal, |_size| "HUP");
        let has_ended = match &marker {
            Some(marker) => target.end(marker, signal, &mut output, &mut told).await,
            None => false,
        };
        if !has_ended {
            target.output.warn(may_go_on(program, target.service));
        }
    }
    tokio::select! {
        biased;
        exit = target.exit(ended, &id, program) => exit,
        (exit, _) = told.ending() => Ok(exit),
    }
}

impl Ended {
    /// What a command that has to end now is sent.
    fn signal(&self) -> Option<&'static str> {
        match self {
            Self::ByItself | Self::NotRun(_) => None,
            Self::Unwritten(_) => Some("PIPE"),
            Self::Told(_, signal) => Some(signal),
        }
    }
}

fn may_go_on(program: &str, service: &ServiceName) -> String {
    format!("`{program}` may go on inside the container of `{service}`")
}

/// The terminal's sizes: the engine is being told one, and they change.
struct Sizes<'a> {
    now: Option<BoxFuture<'a, ()>>,
    changed: &'a mut Signal,
}

impl Target<'_> {
    /// Passes everything on, in both directions, until one of them ends.
    async fn connect(
        &self,
        id: &ExecId,
        mut input: Pin<Box<dyn AsyncWrite + Send>>,
        output: &mut Chunks,
        told: &mut Told,
        Sizes { mut now, changed }: Sizes<'_>,
    ) -> Result<Ended, CliError> {
        let mut typed = read_input();
        let feed = async {
            while let Some(bytes) = typed.recv().await {
                // A command that reads no more has no need of the rest.
                if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                    break;
                }
            }
            input.shutdown().await.ok(); // it is the end of the input either way
        };
        tokio::pin!(feed);
        let mut fed = false;
        loop {
            tokio::select! {
                () = &mut feed, if !fed => fed = true,
                chunk = output.next() => match chunk {
                    None => return Ok(Ended::ByItself),
                    Some(Err(error)) => return Err(CliError::engine(&error)),
                    Some(Ok(chunk)) if chunk.says_not_run() => {
                        let said = String::from_utf8_lossy(&chunk.bytes).trim().to_owned();
                        return Ok(Ended::NotRun(said));
                    }
                    Some(Ok(chunk)) => if let Err(error) = write(&chunk) {
                        return Ok(Ended::Unwritten(error));
                    }
                },
                (exit, signal) = told.ending() => return Ok(Ended::Told(exit, signal)),
                // Beside all the rest: what the command writes does not wait for the engine's answer.
                _ = changed.recv() => now = Some(self.resize(id)),
                () = known(&mut now) => now = None,
            }
        }
    }

    /// Tells the command how large the terminal is. One that has ended meanwhile need not know.
    fn resize<'t>(&'t self, id: &'t ExecId) -> BoxFuture<'t, ()> {
        async move {
            self.engine.resize(id, terminal::size()).await.ok();
        }
        .boxed()
    }

    /// What the end of the command's output means for us.
    async fn exit(
        &self,
        ended: Result<Ended, CliError>,
        id: &ExecId,
        program: &str,
    ) -> Result<Exit, CliError> {
        match ended? {
            Ended::ByItself => self.status(id).await,
            Ended::Unwritten(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
            Ended::Unwritten(error) => Err(CliError::answer(&error)),
            Ended::Told(exit, _) => Ok(exit),
            Ended::NotRun(said) => {
                let Exit::Command(status) = self.status(id).await? else {
                    return Ok(Exit::Done);
                };
                Err(CliError::not_run(program, self.service, &said, status))
            }
        }
    }

    /// The command's exit status, which the engine may know a moment after its output has ended.
    async fn status(&self, id: &ExecId) -> Result<Exit, CliError> {
        let began = Instant::now();
        loop {
            let status = self.engine.exec_status(id).await;
            let status = status.map_err(|error| CliError::engine(&error))?;
            if let Some(status) = status {
                return Ok(match u8::try_from(status) {
                    Ok(0) => Exit::Done,
                    Ok(status) => Exit::Command(status),
                    Err(_no_status) => Exit::Failed,
                });
            }
            if began.elapsed() > TO_BE_KNOWN {
                return Err(CliError::no_status(self.service));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Waits until the engine knows the terminal's size; for ever where there is nothing to be told.
async fn known(size: &mut Option<BoxFuture<'_, ()>>) {
    match size {
        Some(told) => told.await,
        None => pending().await,
    }
}

/// What comes on standard input. A thread of its own reads it: one that is blocked in a read must
/// not keep the process from ending.
fn read_input() -> mpsc::Receiver<Vec<u8>> {
    const SIZE: usize = 32 * 1024;
    let (typed, receiver) = mpsc::channel(4);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = vec![0; SIZE];
        while let Ok(read) = stdin.read(&mut buffer) {
            let bytes = buffer.get(..read).unwrap_or_default();
            if read == 0 || typed.blocking_send(bytes.to_owned()).is_err() {
                break;
            }
        }
    });
    receiver
}

pub(super) fn write(chunk: &Chunk) -> io::Result<()> {
    match chunk.stream {
        LogStream::Stdout => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&chunk.bytes).and_then(|()| stdout.flush())
        }
        LogStream::Stderr => io::stderr().write_all(&chunk.bytes),
    }
}
