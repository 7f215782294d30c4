//! What a container writes, heard from before its start.
//!
//! An engine keeps the log of a container back while it clears up after its end, which takes a
//! tenth of a second on Docker 20.10. Its last words are wanted sooner.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::wait::LOG_LINES;

/// How long the output may take to end once the container has: its end and the event that tells
/// of it come within a millisecond.
const TO_END: Duration = Duration::from_millis(50);

/// Listens until it is dropped, so that the container never waits for a reader.
#[derive(Debug)]
pub(super) struct LastWords {
    lines: Arc<Mutex<VecDeque<String>>>,
    listening: JoinHandle<()>,
}

impl LastWords {
    pub(super) fn listen(mut output: BoxStream<'static, String>) -> Self {
        let lines: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let heard = Arc::clone(&lines);
        let listening = tokio::spawn(async move {
            while let Some(line) = output.next().await {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if heard.len() == LOG_LINES {
                    heard.pop_front();
                }
                heard.push_back(line);
            }
        });
        Self { lines, listening }
    }

    /// The last lines that the container wrote; `None` when its output does not end.
    pub(super) async fn of_ended(mut self) -> Option<Vec<String>> {
        timeout(TO_END, &mut self.listening).await.ok()?.ok()?;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Some(lines.drain(..).collect())
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

    fn numbered(count: usize) -> BoxStream<'static, String> {
        stream::iter(1..=count)
            .map(|number| format!("line {number}"))
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
}
