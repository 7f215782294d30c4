//! Ctrl-C and SIGTERM: the first asks the run to stop, the second ends it.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::pending;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::apply::{Stop, Stopper};

/// Which signal came.
#[derive(Debug, Clone, Default)]
pub(super) struct Signals {
    terminated: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> (Self, Stop) {
        let (stopper, stop) = Stop::new();
        let signals = Self::default();
        tokio::spawn(signals.clone().wait(stopper));
        (signals, stop)
    }

    async fn wait(self, stopper: Stopper) {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            // Without handlers the system's own apply: the process ends at once. The stopper must
            // live, or those who wait for it would take it for gone.
            return pending().await;
        };
        for turn in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => self.terminated.store(true, Ordering::Relaxed),
            }
            if turn > 0 {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the second signal asks to end at once, whatever is under way"
                )]
                process::exit(i32::from(self.exit().status()));
            }
            stopper.stop();
        }
    }

    /// The status of a run that a signal has ended.
    pub(super) fn exit(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) {
            Exit::Terminated
        } else {
            Exit::Interrupted
        }
    }
}
