//! What containers write.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error as Refusal;
use bollard::query_parameters::{AttachContainerOptions, LogsOptions};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, future};
use jiff::{SignedDuration, Timestamp};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Docker;
use super::error::classify;
use crate::engine::{EngineError, LogLine, LogOptions, LogStream};
use crate::model::ContainerId;

/// How long after its first line the engine may say that a container was started.
const NOTICED: SignedDuration = SignedDuration::from_secs(1);

/// The lines of a log. Both streams arrive in chunks that end anywhere, so each has a buffer.
pub(super) fn stream(
    docker: &Docker,
    id: &ContainerId,
    options: &LogOptions,
) -> BoxStream<'static, Result<LogLine, EngineError>> {
    let query = LogsOptions {
        follow: options.follow,
        stdout: true,
        stderr: true,
        since: options
            .since
            .and_then(|since| i32::try_from(since).ok())
            .unwrap_or_default(),
        timestamps: true,
        tail: options
            .tail
            .map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
        ..LogsOptions::default()
    };
    let operation = format!("read the log of container `{id}`");
    let chunks = docker.client.logs(&id.0, Some(query)).boxed();
    // What has been written comes at once; what is still to be written may take any time.
    let patience = (!options.follow).then_some(docker.deadlines.stalled);
    lines(checked(docker, operation, chunks, patience))
        .map(|line| line.map(|(stream, bytes)| log_line(stream, &bytes)))
        .boxed()
}

/// The lines that the container writes to both streams from now on. An error ends them: the log has
/// them as well.
pub(super) async fn output(
    docker: &Docker,
    id: &ContainerId,
) -> Result<BoxStream<'static, String>, EngineError> {
    let operation = format!("attach to container `{id}`");
    let options = AttachContainerOptions {
        stream: true,
        stdout: true,
        stderr: true,
        ..AttachContainerOptions::default()
    };
    let attaching = docker.client.attach_container(&id.0, Some(options));
    let attached = docker
        .call(operation.clone(), docker.deadlines.quick, attaching)
        .await?;
    let output = lines(checked(docker, operation, attached.output, None))
        .take_while(|line| future::ready(line.is_ok()))
        .filter_map(|line| future::ready(line.ok()))
        .map(|(_, bytes)| text(&bytes).into_owned());
    Ok(output.boxed())
}

type Chunks = BoxStream<'static, Result<LogOutput, EngineError>>;

/// The chunks, their errors classified. With patience to lose, none may take longer than that.
fn checked(
    docker: &Docker,
    operation: String,
    chunks: impl Stream<Item = Result<LogOutput, Refusal>> + Send + Unpin + 'static,
    patience: Option<Duration>,
) -> Chunks {
    let address = docker.address.clone();
    stream::unfold(Some(chunks), move |chunks| {
        let (operation, address) = (operation.clone(), address.clone());
        async move {
            let mut chunks = chunks?;
            match within(patience, chunks.next()).await {
                Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
                Ok(Some(Err(error))) => Some((Err(classify(error, operation, &address)), None)),
                Ok(None) => None,
                Err(_elapsed) => {
                    let waited = patience.unwrap_or_default();
                    Some((Err(EngineError::NoAnswer { operation, waited }), None))
                }
            }
        }
    })
    .boxed()
}

/// The lines in the chunks, the end of the last one included.
fn lines(chunks: Chunks) -> impl Stream<Item = Result<Line, EngineError>> + Send + 'static {
    let state = (chunks, Lines::default(), false);
    stream::unfold(state, async |(mut chunks, mut lines, mut ended)| {
        loop {
            if let Some(line) = lines.next() {
                return Some((Ok(line), (chunks, lines, ended)));
            }
            if ended {
                return None;
            }
            match chunks.next().await {
                Some(Ok(chunk)) => lines.take(chunk),
                Some(Err(error)) => return Some((Err(error), (chunks, lines, true))),
                None => {
                    lines.end();
                    ended = true;
                }
            }
        }
    })
}

/// Waits, for ever where there is no patience to lose.
async fn within<T>(
    patience: Option<Duration>,
    answer: impl Future<Output = T> + Send,
) -> Result<T, Elapsed> {
    match patience {
        Some(patience) => timeout(patience, answer).await,
        None => Ok(answer.await),
    }
}

pub(super) async fn tail(
    docker: &Docker,
    id: &ContainerId,
    lines: usize,
) -> Result<Vec<String>, EngineError> {
    let options = LogOptions {
        tail: Some(lines),
        ..LogOptions::default()
    };
    docker.settle().await?;
    let mut log = stream(docker, id, &options);
    let mut found = Vec::new();
    let read = async {
        while let Some(line) = log.next().await {
            found.push(line?);
        }
        Ok::<(), EngineError>(())
    };
    let asked = future::join(read, last_start(docker, id));
    let started = match timeout(docker.deadlines.quick, asked).await {
        Ok((Err(error), _)) if error.is_not_found() => None,
        Ok((read, started)) => {
            read?;
            started
        }
        // A log that does not end in time still has the lines that came.
        Err(_elapsed) => None,
    };
    found.retain(|line| is_since(line, started));
    Ok(found.into_iter().map(|line| line.text).collect())
}

/// When the container's last run began, at the latest. `None` where that can't be told.
///
/// | the container | its last run began |
/// |---|---|
/// | runs | when the one before it had ended |
/// | has ended | when the engine says so, or a little earlier: what it wrote at once is older than that |
/// | was started again by its restart policy | not told: its last words are those of the run before |
async fn last_start(docker: &Docker, id: &ContainerId) -> Option<Timestamp> {
    let found = docker.client.inspect_container(&id.0, None).await.ok()?;
    if found.restart_count.unwrap_or_default() > 0 {
        return None;
    }
    let state = found.state?;
    if state.running == Some(true) {
        return state.finished_at?.parse().ok();
    }
    let started: Timestamp = state.started_at?.parse().ok()?;
    started.checked_sub(NOTICED).ok()
}

/// Whether a line was written since then. One without a time may have been.
fn is_since(line: &LogLine, started: Option<Timestamp>) -> bool {
    let written = line.timestamp.as_ref();
    let written = written.and_then(|time| time.parse::<Timestamp>().ok());
    match (written, started) {
        (Some(written), Some(started)) => written >= started,
        (None, _) | (_, None) => true,
    }
}

/// A line with its end, and the stream it was written to.
type Line = (LogStream, Vec<u8>);

/// Complete lines, and what has come of the next ones.
#[derive(Default)]
struct Lines {
    complete: VecDeque<Line>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Lines {
    fn take(&mut self, chunk: LogOutput) {
        let stream = match &chunk {
            LogOutput::StdErr { .. } => LogStream::Stderr,
            LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
                LogStream::Stdout
            }
        };
        self.buffer(stream).extend_from_slice(&chunk.into_bytes());
        while let Some(end) = self.buffer(stream).iter().position(|&byte| byte == b'\n') {
            let rest = self.buffer(stream).split_off(end + 1);
            let line = mem::replace(self.buffer(stream), rest);
            self.complete.push_back((stream, line));
        }
    }

    fn end(&mut self) {
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let rest = mem::take(self.buffer(stream));
            if !rest.is_empty() {
                self.complete.push_back((stream, rest));
            }
        }
    }

    fn buffer(&mut self, stream: LogStream) -> &mut Vec<u8> {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }

    fn next(&mut self) -> Option<Line> {
        self.complete.pop_front()
    }
}

/// `2026-11-23T20:00:00.000000000Z text`: the engine puts the time before each line.
fn log_line(stream: LogStream, bytes: &[u8]) -> LogLine {
    let line = text(bytes);
    match line.split_once(' ') {
        Some((time, text)) if is_time(time) => LogLine {
            stream,
            timestamp: Some(time.to_owned()),
            text: text.to_owned(),
        },
        _ if is_time(&line) => LogLine {
            stream,
            timestamp: Some(line.into_owned()),
            text: String::new(),
        },
        _ => LogLine {
            stream,
            timestamp: None,
            text: line.into_owned(),
        },
    }
}

/// The line without its end.
fn text(line: &[u8]) -> Cow<'_, str> {
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |last| last + 1);
    String::from_utf8_lossy(line.get(..end).unwrap_or_default())
}

fn is_time(text: &str) -> bool {
    text.len() >= 20
        && text.as_bytes().get(10) == Some(&b'T')
        && text.bytes().take(4).all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    fn chunk(text: &str) -> LogOutput {
        LogOutput::StdOut {
            message: text.to_owned().into(),
        }
    }

    #[test]
    fn lines_are_put_together_from_chunks_that_end_anywhere() {
        let mut lines = Lines::default();
        lines.take(chunk("2026-11-23T20:00:00.1Z he"));
        assert_eq!(lines.next(), None);
        lines.take(chunk("llo\r\n2026-11-23T20:00:01.1Z \nlast"));
        let texts: Vec<String> = iter::from_fn(|| lines.next())
            .map(|(stream, line)| log_line(stream, &line).text)
            .collect();
        assert_eq!(texts, ["hello", ""]);
        lines.end();
        assert_eq!(lines.next(), Some((LogStream::Stdout, b"last".to_vec())));
    }
}
