//! What a container writes, heard from before its start.
//!
//! An engine keeps the log of a container back while it clears up after its end, which takes a
//! tenth of a second on Docker 20.10. Its last words are wanted sooner.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::engine::{Chunk, Lines, text};

/// Lines of a container's log that a failure quotes.
pub(super) const LOG_LINES: usize = 30;
/// How long the output may take to end once the container has: its end and the event that tells
/// of it come within a millisecond.
const TO_END: Duration = Duration::from_millis(50);
/// How many bytes are listened to. A container that writes more is left to its log: hearing it would
/// keep this program busy, or the container waiting.
const MOST: usize = 1 << 20;

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct LastWords {
    listening: JoinHandle<Option<Vec<Chunk>>>,
}

impl LastWords {
    pub(super) fn listen(mut output: BoxStream<'static, Chunk>) -> Self {
        let listening = tokio::spawn(async move {
            let (mut heard, mut bytes) = (Vec::new(), 0);
            while let Some(chunk) = output.next().await {
                bytes += chunk.bytes.len();
                heard.push(chunk);
                if bytes > MOST {
                    return None;
                }
            }
            Some(heard)
        });
        Self { listening }
    }

    /// The last lines that the container wrote; `None` when that was too much to hear, or does not
    /// end.
    pub(super) async fn of_ended(mut self) -> Option<Vec<String>> {
        let heard = timeout(TO_END, &mut self.listening).await.ok()?.ok()??;
        let mut lines = Lines::default();
        for chunk in &heard {
            lines.feed(chunk);
        }
        lines.end();
        let lines: Vec<_> = lines.collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LOG_LINES));
        Some(last.map(|(_, line)| text(line).into_owned()).collect())
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::engine::LogStream;

    fn chunk(text: String) -> Chunk {
        Chunk {
            stream: LogStream::Stdout,
            bytes: text.into(),
        }
    }

    fn numbered(count: usize) -> BoxStream<'static, Chunk> {
        stream::iter(1..=count)
            .map(|number| chunk(format!("line {number}\n")))
            .boxed()
    }

    #[tokio::test]
    async fn the_last_lines_are_kept() {
        let words = LastWords::listen(numbered(LOG_LINES + 2));
        let lines = words.of_ended().await.unwrap();
        assert_eq!(lines.len(), LOG_LINES);
        assert_eq!(lines[0], "line 3");
    }

    #[tokio::test]
    async fn output_that_does_not_end_is_not_taken_for_the_last_words() {
        let words = LastWords::listen(numbered(2).chain(stream::pending()).boxed());
        assert_eq!(words.of_ended().await, None);
    }

    #[tokio::test]
    async fn a_flood_is_not_listened_to() {
        let flood = stream::repeat_with(|| chunk("y\n".repeat(1 << 14)));
        let words = LastWords::listen(flood.boxed());
        assert_eq!(words.of_ended().await, None);
    }
}
