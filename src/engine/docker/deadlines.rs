//! How long an engine may take.

use std::time::Duration;

/// The grace period of containers that have none of their own, in all engines.
pub(super) const USUAL_GRACE: Duration = Duration::from_secs(10);
/// The longest grace period that is waited for where a container's own has no end.
pub(super) const LONGEST_GRACE: Duration = Duration::from_hours(1);

/// How long an engine may take for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For what it answers out of its memory.
    pub quick: Duration,
    /// For what works on disks, networks or processes.
    pub slow: Duration,
    /// How long a pull or a log may say nothing.
    pub stalled: Duration,
}

impl Deadlines {
    /// With so long for an answer out of memory; the rest follows from it.
    pub fn within(quick: Duration) -> Self {
        Self {
            quick,
            slow: quick.saturating_mul(4),
            stalled: quick.saturating_mul(3),
        }
    }

    /// For the beginning of an answer that has no end. bollard counts it in whole seconds.
    pub(super) fn beginning(&self) -> Duration {
        Duration::from_secs(self.quick.as_secs().max(1))
    }
}

impl Default for Deadlines {
    /// Half a minute for an answer out of memory.
    fn default() -> Self {
        Self::within(Duration::from_secs(30))
    }
}
