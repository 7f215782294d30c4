//! The end of a command inside a container that has to end before it does so by itself.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::attach::{Chunks, Target, write};
use super::signals::Told;
use crate::engine::Marker;

/// How long a command may take to end when it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long the engine may take to kill one that has not.
const TO_KILL: Duration = Duration::from_secs(2);
/// How long the output of one that is not there any more may still take.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Target<'_> {
    /// Sends the command the signal, shows what it still writes, and kills it when it does not end, or
    /// when we get a second signal. Returns whether it has ended, as far as can be known.
    pub(super) async fn end(
        &self,
        marker: &Marker,
        signal: &str,
        output: &mut Chunks,
        told: &mut Told,
    ) -> bool {
        let send = async |signal| {
            let sent = marker.signal(self.engine, self.container, signal).await;
            matches!(sent, Ok(true))
        };
        let mut last_words = pin!(async {
            while let Some(Ok(chunk)) = output.next().await {
                write(&chunk).ok(); // it ends all the same
            }
        });
        let asked = async {
            // Read meanwhile: an engine that can't get rid of what one command writes may not run
            // another.
            let found = tokio::select! {
                () = &mut last_words => return true,
                found = send(signal) => found,
            };
            if found {
                last_words.await;
                return true;
            }
            timeout(LAST_WORDS, last_words).await.is_ok()
        };
        tokio::select! {
            ended = asked => return ended,
            _ = told.ending() => {}
            () = sleep(GRACE) => {}
        }
        matches!(timeout(TO_KILL, send("KILL")).await, Ok(true))
    }
}
