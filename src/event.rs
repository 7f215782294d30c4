//! What happened, as data. Words are made of it in `report`, and nowhere else.

use std::time::Duration;

pub use crate::engine::PullProgress;
use crate::kinds::Deed;
use crate::model::{Moment, PublishedPort, ServiceName};
use crate::plan::{Note, Plan, StepId};

/// Something that happened while a plan was carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A plan was made; its steps are told by their ids from now on.
    Planned(Plan),
    /// Another run holds the stack; this one waits for it.
    Waiting {
        /// Who holds it, as it said of itself.
        holder: String,
    },
    /// The run before was killed; the engine is given a moment to finish what that had begun.
    Settling {
        /// Which run, as it said of itself.
        holder: String,
    },
    /// A step began.
    Started(StepId),
    /// A pull went on.
    Pulling {
        /// The step.
        step: StepId,
        /// How far it is.
        progress: PullProgress,
    },
    /// A service was asked, and is not usable yet.
    NotYet {
        /// The step that waits.
        step: StepId,
        /// What it answered; told when it changes.
        reason: String,
    },
    /// A step succeeded.
    Finished {
        /// The step.
        step: StepId,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step failed.
    Failed {
        /// The step.
        step: StepId,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step was given up, because the run ends for another reason.
    Stopped {
        /// The step.
        step: StepId,
        /// How long it took.
        elapsed: Duration,
    },
    /// A service is usable.
    Ready {
        /// The service.
        service: ServiceName,
        /// Since the run began.
        elapsed: Duration,
        /// Where it can be reached.
        ports: Vec<PublishedPort>,
    },
    /// A service was bootstrapped; told when there was something to do.
    Bootstrapped {
        /// The service.
        service: ServiceName,
        /// What was done.
        deeds: Vec<Deed>,
    },
    /// A hook began.
    Hook {
        /// When it runs.
        moment: Moment,
        /// Its words.
        command: String,
    },
    /// A hook wrote a line.
    HookWrote {
        /// The line, without its end.
        line: String,
    },
    /// Something worth a word.
    Noted(Note),
}

impl Event {
    /// The event with `change` made to what others have written: servers, and the commands of hooks.
    #[must_use]
    pub fn with_words(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::NotYet { step, reason } => Self::NotYet {
                step,
                reason: change(&reason),
            },
            Self::Hook { moment, command } => Self::Hook {
                moment,
                command: change(&command),
            },
            Self::HookWrote { line } => Self::HookWrote {
                line: change(&line),
            },
            Self::Planned(_)
            | Self::Waiting { .. }
            | Self::Settling { .. }
            | Self::Started(_)
            | Self::Pulling { .. }
            | Self::Finished { .. }
            | Self::Failed { .. }
            | Self::Stopped { .. }
            | Self::Ready { .. }
            | Self::Bootstrapped { .. }
            | Self::Noted(_) => self,
        }
    }
}

/// Whoever is told of events, in the order in which they happen.
pub trait Observer: Send + Sync {
    /// Takes note of one event. It must not block: the run waits for it.
    fn on(&self, event: Event);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _event: Event) {}
}
