//! What containers write.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error as Refusal;
use bollard::query_parameters::{AttachContainerOptions, LogsOptions};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, future};
use jiff::{SignedDuration, Timestamp};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Docker;
use super::error::classify;
use super::exec::chunk;
use crate::engine::{Chunk, EngineError, Line, Lines, LogLine, LogOptions, LogStream, text};
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
    // Podman sends the head of its answer together with the first line.
    let client = if options.follow && !docker.version.is_podman() {
        docker.client_for_streams()
    } else {
        docker.client.clone()
    };
    let chunks = client.logs(&id.0, Some(query)).boxed();
    // What has been written comes at once; what is still to be written may take any time.
    let patience = (!options.follow).then_some(docker.deadlines.stalled);
    lines(checked(docker, operation, chunks, patience))
        .map(|line| line.map(|(stream, bytes)| log_line(stream, &bytes)))
        .boxed()
}

/// What the container writes to both streams from now on. An error ends it: the log has it as well.
pub(super) async fn output(
    docker: &Docker,
    id: &ContainerId,
) -> Result<BoxStream<'static, Chunk>, EngineError> {
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
    let output = checked(docker, operation, attached.output, None)
        .take_while(|chunk| future::ready(chunk.is_ok()))
        .filter_map(|chunk| future::ready(chunk.ok()));
    Ok(output.boxed())
}

type Chunks = BoxStream<'static, Result<Chunk, EngineError>>;

/// The chunks, their errors classified. With patience to lose, none may take longer than that.
fn checked(
    docker: &Docker,
    operation: String,
    chunks: impl Stream<Item = Result<LogOutput, Refusal>> + Send + Unpin + 'static,
    patience: Option<Duration>,
) -> Chunks {
    let address = docker.address.clone();
    let beginning = docker.deadlines.beginning();
    stream::unfold(Some(chunks), move |chunks| {
        let (operation, address) = (operation.clone(), address.clone());
        async move {
            let mut chunks = chunks?;
            match within(patience, chunks.next()).await {
                Ok(Some(Ok(output))) => Some((Ok(chunk(output)), Some(chunks))),
                Ok(Some(Err(Refusal::RequestTimeoutError))) => {
                    let waited = beginning;
                    Some((Err(EngineError::NoAnswer { operation, waited }), None))
                }
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
                Some(Ok(mut chunk)) => {
                    if lines.is_open(chunk.stream) {
                        chunk.bytes = without_stamp(chunk.bytes);
                    }
                    lines.feed(&chunk);
                }
                Some(Err(error)) => return Some((Err(error), (chunks, lines, true))),
                None => {
                    lines.end();
                    ended = true;
                }
            }
        }
    })
}

/// The next part of a line that has begun. Docker stamps each 16 KiB of a line.
fn without_stamp(bytes: Bytes) -> Bytes {
    let end = bytes.iter().position(|byte| *byte == b' ');
    let is_stamp = |end: &usize| {
        let stamp = bytes.get(..*end).map(str::from_utf8);
        matches!(stamp, Some(Ok(stamp)) if stamp.parse::<Timestamp>().is_ok())
    };
    match end.filter(is_stamp) {
        Some(end) => bytes.slice(end + 1..),
        None => bytes,
    }
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

fn is_time(text: &str) -> bool {
    text.len() >= 20
        && text.as_bytes().get(10) == Some(&b'T')
        && text.bytes().take(4).all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_time_is_taken_off_a_line() {
        let line = |bytes: &[u8]| log_line(LogStream::Stdout, bytes);
        let hello = line(b"2026-11-23T20:00:00.1Z hello\r\n");
        assert_eq!(hello.text, "hello");
        assert_eq!(hello.timestamp.as_deref(), Some("2026-11-23T20:00:00.1Z"));
        assert_eq!(line(b"2026-11-23T20:00:01.1Z \n").text, "");
        assert_eq!(line(b"plain words\n").text, "plain words");
    }

    #[test]
    fn the_stamps_inside_of_a_long_line_are_taken_out() {
        let bare = |text: &'static str| without_stamp(Bytes::from_static(text.as_bytes()));
        assert_eq!(bare("2026-11-24T16:42:00.765059850Z word er"), "word er");
        assert_eq!(bare("no stamp"), "no stamp");
        assert_eq!(bare("nothing"), "nothing");
    }
}
