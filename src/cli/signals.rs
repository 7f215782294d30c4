//! Ctrl-C, SIGTERM and a terminal that is closed: the first asks the run to stop, the second ends it.
//! A run that only looks is ended by the first.

use std::fs;
use std::io;
use std::process;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::pending;
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::Exit;
use super::error::CliError;
use super::output::Output;
use crate::apply::{Stop, Stopper};

/// What a run has to kill what it started when it shall end at once.
const AT_ONCE: Duration = Duration::from_millis(20);

/// Which signal came.
#[derive(Debug, Clone, Default)]
pub(super) struct Signals {
    /// The status that the first one gives the run.
    ended: Arc<OnceLock<Exit>>,
}

impl Signals {
    /// Listens from now on. `output` has the last word of a run that ends at once.
    pub(super) fn listen(output: &Arc<Output>) -> (Self, Stop) {
        let (stopper, stop) = Stop::new();
        let signals = Self::default();
        tokio::spawn(signals.clone().wait(stopper, Arc::clone(output)));
        (signals, stop)
    }

    async fn wait(self, stopper: Stopper, output: Arc<Output>) {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            // Without handlers the system's own apply: the process ends at once. The stopper must
            // live, or those who wait for it would take it for gone.
            return pending().await;
        };
        let mut hang_up = hang_up();
        for turn in 0.. {
            let exit = tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
                () = hung_up(&mut hang_up) => Exit::HungUp,
            };
            self.ended.set(exit).ok(); // a second one changes nothing
            if turn > 0 {
                stopper.insist();
                sleep(AT_ONCE).await;
                output.tell_scripts(&CliError::interrupted(self.exit()));
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
        self.ended.get().copied().unwrap_or(Exit::Interrupted)
    }
}

/// Signals that end a run that has nothing to bring to an end.
pub(super) struct Told {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
    quit: Signal,
}

impl Told {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// When the system lets nobody listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: hang_up(),
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the first: the status that it gives us, and its name.
    pub(super) async fn ending(&mut self) -> (Exit, &'static str) {
        tokio::select! {
            _ = self.interrupt.recv() => (Exit::Interrupted, "INT"),
            _ = self.terminate.recv() => (Exit::Terminated, "TERM"),
            () = hung_up(&mut self.hang_up) => (Exit::HungUp, "HUP"),
            _ = self.quit.recv() => (Exit::Command(131), "QUIT"),
        }
    }
}

/// What a look comes to, unless a signal comes first.
///
/// Signals are listened for once the look waits for something: until then, while files are read, they
/// end the run as the system has it.
///
/// # Errors
///
/// The look's own, and when a signal has come.
pub(super) async fn look<T>(
    look: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let told = async {
        match Told::listen() {
            Ok(mut told) => told.ending().await.0,
            Err(_unheard) => pending().await,
        }
    };
    tokio::select! {
        biased;
        found = look => found,
        exit = told => Err(CliError::interrupted(exit)),
    }
}

/// Hears of a terminal that is closed, unless the run was told not to heed it, as `nohup` does.
///
/// Where that can't be known (only Linux tells), what the system does of itself is left as it is.
fn hang_up() -> Option<Signal> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    let is_ignored = ignored >> (Number::HUP.as_raw() - 1) & 1 == 1;
    if is_ignored {
        return None;
    }
    signal(SignalKind::hangup()).ok()
}

/// Waits for it.
async fn hung_up(hang_up: &mut Option<Signal>) {
    match hang_up {
        Some(hang_up) => {
            hang_up.recv().await;
        }
        None => pending().await,
    }
}
