//! Events and findings, for people and for machines. The only place that makes sentences of events.

mod census;
mod chart;
mod doubts;
mod findings;
mod github;
mod json;
mod live;
mod mask;
mod plain;
mod prefix;
mod row;
mod stats;
mod table;
mod timings;
mod tty;
mod words;
#[cfg(test)]
mod written;

pub use census::census_table;
pub use chart::chart;
pub use findings::{Findings, checkup_json, findings_json};
pub use github::{Github, annotation, annotation_at};
pub(crate) use json::millis;
pub use json::{JsonLines, endpoints};
pub use mask::Mask;
pub use plain::Plain;
pub use prefix::Prefixes;
pub use stats::{stats_json, stats_text};
pub use table::Table;
pub use timings::{Phase, Span, Stopwatch, Timed, Timings, Walked};
pub use tty::{Colours, Tty};
pub use words::{count, grouped, list, seconds};

use std::fmt;
use std::sync::Arc;

use crate::event::{Event, Observer};
use crate::kinds::Deed;
use crate::model::Moment;
use crate::plan::{Action, Cause, Note, Plan, Step, StepId};

/// Tells several observers, and keeps secrets from them.
#[derive(Default)]
pub struct Everyone {
    observers: Vec<Box<dyn Observer>>,
    mask: Arc<Mask>,
}

impl Everyone {
    /// Nobody yet; `mask` hides the secrets.
    pub fn masked(mask: Arc<Mask>) -> Self {
        Self {
            observers: Vec::new(),
            mask,
        }
    }

    /// Tells this one too.
    pub fn add(&mut self, observer: impl Observer + 'static) {
        self.observers.push(Box::new(observer));
    }
}

impl fmt::Debug for Everyone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Everyone")
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}

impl Observer for Everyone {
    fn on(&self, event: Event) {
        let event = event.with_words(|text| self.mask.apply(text));
        for observer in &self.observers {
            observer.on(event.clone());
        }
    }
}

/// What a step is doing, while it does it: "pulling postgres:15".
fn doing(step: &Step) -> Option<String> {
    Some(match &step.action {
        Action::PullImage { image, .. } => format!("pulling {image}"),
        Action::CreateNetwork { name, .. } => format!("creating network {name}"),
        Action::CreateVolume { name, .. } => format!("creating volume {name}"),
        Action::UnpauseContainer { .. } => "unpausing".to_owned(),
        Action::StopContainer { .. } => "stopping".to_owned(),
        Action::RemoveContainer { .. } => "removing".to_owned(),
        Action::CreateContainer => "creating".to_owned(),
        Action::StartContainer { .. } => "starting".to_owned(),
        Action::AwaitReady { .. } => "waiting until it is usable".to_owned(),
        Action::Bootstrap { .. } => "bootstrapping".to_owned(),
        Action::Wipe { .. } => "wiping".to_owned(),
        Action::EmptyData => "emptying its data".to_owned(),
        Action::AwaitCompletion { .. } => "running to its end".to_owned(),
        Action::RemoveNetwork { name, .. } => format!("removing network {name}"),
        Action::CreateDirectory { .. } | Action::NoteWipe | Action::RemoveFile { .. } => {
            return None;
        }
    })
}

/// A pause that a person would ask about.
fn settling(holder: &str) -> String {
    format!("{holder} was killed; giving the engine a second to finish what it had begun")
}

/// A note as a sentence.
pub fn note(note: &Note) -> String {
    match note {
        Note::Orphan {
            service,
            container,
            why,
        } => {
            let why = match why {
                Cause::Orphan => "which the stack file no longer has".to_owned(),
                off => format!("and {off}"),
            };
            format!(
                "container `{container}` is for service `{service}`, {why}; `devinfra down` removes it"
            )
        }
        Note::ForeignContainer { container, .. } => format!(
            "container `{container}` was not made by devinfra and is left alone; \
             `devinfra down --adopt` takes it down too"
        ),
        Note::Elsewhere { container, place } => {
            format!("container `{container}` belongs to {place}; it is left alone")
        }
        Note::NotWiped { service } => format!(
            "the data of `{service}` stays: nobody knows how to wipe it while it runs; \
             `devinfra reset --hard {service}` makes it anew"
        ),
        Note::HalfWiped { services } => format!(
            "a reset was cut short: what is left of the data of {} is deleted first",
            list(services)
        ),
        Note::StillRuns { service } => format!(
            "`{service}` is left as it is, and it runs: `devinfra down {service}` takes it down"
        ),
        Note::VolumesKept { container, volumes } => format!(
            "what `{container}` keeps in volumes without a name stays there and is not used: in {}; \
             `docker volume rm` removes it",
            list(volumes)
        ),
        Note::DataInContainer { service } => format!(
            "`{service}` keeps its data inside its container: `devinfra down` and every replacement \
             lose it; mount a directory or a volume at its data path to keep it"
        ),
        Note::ForeignNetwork { network, place } => {
            let whose = place.as_ref().map_or_else(
                || "was not made by devinfra".to_owned(),
                |place| format!("belongs to {place}"),
            );
            format!(
                "network `{network}` {whose}; it is used, and only `devinfra down --adopt` removes it"
            )
        }
    }
}

/// What a bootstrap did, as a sentence.
pub fn deed(deed: &Deed) -> String {
    match deed {
        Deed::BucketCreated { bucket } => format!("made bucket `{bucket}`"),
        Deed::LakefsSetUp { admin, file } => {
            format!(
                "set up with admin `{admin}`, whose keys are in `{}`",
                file.display()
            )
        }
        Deed::LakefsStoreUnseen => {
            "nobody knows whether it reaches its block store: its log has no warnings".to_owned()
        }
        Deed::CacheFlushed { keys } => {
            format!("flushed {} that may be stale", count(*keys, "key"))
        }
    }
}

/// A plan as `--dry-run` shows it, with the hooks of this moment.
pub fn dry_run(plan: &Plan, moment: Moment, hooks: &[Vec<String>]) -> String {
    let steps = plan.changes().map(|step| format!("would {step}\n"));
    let words = hooks.iter().map(|words| words.join(" "));
    let hooks = words.map(|hook| format!("would run `{moment}` hook `{hook}`\n"));
    let mut text: String = match moment {
        Moment::BeforeDown => hooks.chain(steps).collect(),
        Moment::AfterUp | Moment::AfterReset => steps.chain(hooks).collect(),
    };
    if text.is_empty() {
        text.push_str("nothing to do\n");
    }
    text
}

/// The step of the plan that was told last.
#[derive(Debug, Default)]
struct Current(Plan);

impl Current {
    fn step(&self, id: StepId) -> Option<&Step> {
        self.0.step(id)
    }
}
