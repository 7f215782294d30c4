//! A process group of a command's own: what the command has started is ended with it. A process that
//! leaves the group, as daemons do, is not.

use std::future::pending;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::apply::Stop;

/// How long a group has to end by itself before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How often is looked whether anything of the group is left.
const LOOK: Duration = Duration::from_millis(10);

/// A process group of ours. Dropping it kills what is in it, unless it was let go.
pub(super) struct Group {
    /// That of the leader's as well.
    id: Option<Pid>,
}

impl Group {
    /// That of a child which was started with `process_group(0)`, and was not waited for yet.
    pub(super) fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Self {
            id: id.and_then(Pid::from_raw),
        }
    }

    /// Leaves whatever is in it alone from now on.
    pub(super) fn let_go(mut self) {
        self.id = None;
    }

    /// Asks everything in it to end, and kills what has not within [`GRACE`], or when `stop` insists.
    ///
    /// Somebody must wait for the leader meanwhile: before that, it counts as one that is there.
    pub(super) async fn end(self, stop: &Stop) {
        let Some(id) = self.id else { return };
        kill_process_group(id, Signal::TERM).ok(); // it may have ended just now
        kill_process_group(id, Signal::CONT).ok(); // one that is stopped would not hear of it
        let gone = async {
            while test_kill_process_group(id).is_ok() {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            // Its number may be another's from now on.
            () = gone => self.let_go(),
            () = stop.insisted() => drop(self),
            () = sleep(GRACE) => drop(self),
        }
    }

    /// Waits until the leader is stopped for using the terminal, which only the foreground group may.
    /// It would never go on by itself.
    pub(super) async fn waits_for_terminal(&self) {
        let (Some(id), Ok(mut children)) = (self.id, signal(SignalKind::child())) else {
            return pending().await;
        };
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            let status = waitid(WaitId::Pid(id), options).ok().flatten();
            let signal = status.and_then(|status| status.stopping_signal());
            if signal.is_some_and(|signal| {
                [Signal::TTIN, Signal::TTOU]
                    .map(Signal::as_raw)
                    .contains(&signal)
            }) {
                return;
            }
            children.recv().await;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            kill_process_group(id, Signal::KILL).ok(); // it may have ended just now
        }
    }
}
