//! A plan in the making: what it is made from, and what of it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::wipes::Wipes;
use super::{Plan, Refusal, StepId, Up};
use crate::model::{ImageRef, Observed, ServiceName, Stack};

/// The steps after which a service has reached a condition.
#[derive(Default, Clone)]
pub(super) struct Milestones {
    pub(super) started: Vec<StepId>,
    pub(super) healthy: Vec<StepId>,
    pub(super) completed: Vec<StepId>,
}

/// Plans service by service.
pub(super) struct Planner<'a> {
    pub(super) stack: &'a Stack,
    pub(super) observed: &'a Observed,
    pub(super) wanted: &'a Up,
    pub(super) plan: Plan,
    pub(super) wipes: Wipes,
    /// Names of the stack's networks that somebody else has.
    pub(super) strangers: BTreeSet<String>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) milestones: BTreeMap<&'a ServiceName, Milestones>,
    pub(super) pulls: BTreeMap<&'a ImageRef, StepId>,
    pub(super) networks: BTreeMap<&'a str, StepId>,
    pub(super) volumes: BTreeMap<&'a str, StepId>,
    pub(super) directories: BTreeMap<&'a Path, StepId>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(stack: &'a Stack, observed: &'a Observed, wanted: &'a Up) -> Self {
        Self {
            stack,
            observed,
            wanted,
            plan: Plan::default(),
            wipes: Wipes::default(),
            strangers: strangers(stack, observed),
            refusals: Vec::new(),
            milestones: BTreeMap::new(),
            pulls: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            directories: BTreeMap::new(),
        }
    }
}

/// The names of the stack's networks that somebody else has.
pub(super) fn strangers(stack: &Stack, observed: &Observed) -> BTreeSet<String> {
    let networks = stack.networks.values();
    let strangers = networks.filter(|wanted| observed.stranger_network(wanted).is_some());
    strangers.map(|wanted| wanted.name.clone()).collect()
}
