//! What a plan is to achieve.

use std::collections::BTreeSet;

use crate::model::{PullPolicy, ServiceName, Stack, StopPolicy};

/// What a plan is to achieve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Services run and are usable.
    Up(Up),
    /// Services are gone, and their data is kept.
    Down(Down),
    /// Services are usable, and their data is gone.
    Reset(Reset),
}

/// Services are usable, and their data is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// Whose data goes: see [`crate::model::Stack::reset_closure`].
    pub services: BTreeSet<ServiceName>,
    /// How services are brought up.
    pub up: Up,
    /// How data is wiped.
    pub depth: Depth,
}

/// How data is wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Through services that run; they stay as they are.
    #[default]
    InPlace,
    /// By emptying data directories; services are made anew.
    Hard,
}

/// Services run and are usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Up {
    /// Which: see [`crate::model::Stack::closure`].
    pub services: BTreeSet<ServiceName>,
    /// Whether containers are replaced that need not be.
    pub recreate: Recreate,
    /// Overrides the pull policy of every service.
    pub pull: Option<PullPolicy>,
    /// Whether containers of the same names that devinfra did not make are taken over.
    pub adopt: Adopt,
}

/// Services are gone, and their data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Which; all of the stack, with its networks, when none is named.
    pub services: BTreeSet<ServiceName>,
    /// How containers are asked to stop.
    pub stop: StopPolicy,
    /// Whether containers of the same names that devinfra did not make are taken over.
    pub adopt: Adopt,
}

/// Whether containers are replaced that need not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recreate {
    /// Only what changed is replaced.
    #[default]
    Changed,
    /// Everything is replaced.
    All,
}

/// Whether containers of the same names that devinfra did not make are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adopt {
    /// They are left alone.
    #[default]
    No,
    /// They are stopped with their own signal, and replaced or removed; their data is kept.
    Yes,
}

impl Up {
    /// All services of `stack` up, with nothing forced.
    pub fn all(stack: &Stack) -> Self {
        Self {
            services: stack.closure(&[]),
            recreate: Recreate::default(),
            pull: None,
            adopt: Adopt::default(),
        }
    }
}

impl Down {
    /// Everything of the stack down, gracefully.
    pub fn all() -> Self {
        Self {
            services: BTreeSet::new(),
            stop: StopPolicy::Own,
            adopt: Adopt::default(),
        }
    }
}
