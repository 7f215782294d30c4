//! Whole commands without their words: lock, observe, plan, apply, and look again.
//!
//! What a command line shows of them is `report`'s and `cli`'s business, so a test or another
//! program can call these directly.

mod cache;
mod carry;
mod doctor;
mod down;
mod emptied;
mod error;
mod follow;
mod group;
mod hooks;
mod lock;
mod logs;
mod readings;
mod reset;
mod standing;
mod status;
mod survival;
mod up;
mod variables;

use std::fmt;
use std::path::PathBuf;

use tokio::time::Instant;

pub use cache::{Cache, Look, bootstrap_cache, check_cache, count_cache, measure_cache};
pub use doctor::{examine_engine, examine_machine, examine_stack};
pub use down::{Brought, DownRequest, down};
pub use error::FlowError;
pub use hooks::HookProblem;
pub use lock::{LockError, StackLock};
pub use logs::{LogsRequest, Told, logs};
pub use reset::{Counting, Loss, PreparedReset, ResetDone, ResetRequest};
pub use standing::{Standing, by_service, standing};
pub use status::{ServiceStatus, status};
pub use survival::check_survival;
pub use up::{Checks, UpDone, UpRequest, up};
pub use variables::{Variables, variables};

use crate::apply::Stop;
use crate::engine::Engine;
use crate::event::Observer;
use crate::model::{ServiceName, Stack};

/// What every command works with.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Who is told what happens.
    pub observer: &'a dyn Observer,
    /// The request to stop.
    pub stop: &'a Stop,
    /// Where locks are kept.
    pub lock_directory: &'a PathBuf,
    /// The command, as another run is told that has to wait for it.
    pub command: &'a str,
    /// When the command began.
    pub began: Instant,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stack", &self.stack.name)
            .finish_non_exhaustive()
    }
}

/// Refuses an engine of another machine: services are asked through their published ports, on this
/// machine's loopback, where somebody else may answer.
fn need_local(session: &Session<'_>) -> Result<(), FlowError> {
    let address = session.engine.address();
    if address.is_local() {
        return Ok(());
    }
    Err(FlowError::Remote {
        address: address.shown(),
    })
}

/// Refuses names that are no services of the stack.
pub(crate) fn check_names<'a>(
    stack: &Stack,
    names: impl IntoIterator<Item = &'a ServiceName>,
) -> Result<(), FlowError> {
    for name in names {
        if !stack.services.contains_key(name) {
            return Err(FlowError::UnknownService {
                name: name.clone(),
                known: stack.services.keys().cloned().collect(),
            });
        }
    }
    Ok(())
}
