//! Why services are not usable yet, kept back until somebody would ask.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::ServiceName;

/// How long nobody asks why a service is not usable, and how often it is told at most: a server that
/// starts changes its mind many times a second, and most are up before anybody has read a line.
const PATIENCE: Duration = Duration::from_secs(2);

/// What services have answered that are not usable yet.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<ServiceName, Doubt>);

#[derive(Debug)]
struct Doubt {
    reason: String,
    /// What was told last.
    told: Option<String>,
    /// Since when, or when something was told last.
    quiet_since: Instant,
}

impl Doubts {
    /// Takes note of what a service has answered.
    pub(super) fn answered(&mut self, service: ServiceName, reason: String, now: Instant) {
        let doubt = self.0.entry(service).or_insert(Doubt {
            reason: String::new(),
            told: None,
            quiet_since: now,
        });
        doubt.reason = reason;
    }

    /// Forgets a service that is not waited for any more.
    pub(super) fn over(&mut self, service: &ServiceName) {
        self.0.remove(service);
    }

    /// What is worth a line by now, as sentences.
    pub(super) fn due(&mut self, now: Instant) -> Vec<String> {
        let due = self.0.iter_mut().filter(|(_, doubt)| {
            now - doubt.quiet_since >= PATIENCE && doubt.told.as_ref() != Some(&doubt.reason)
        });
        due.map(|(service, doubt)| {
            doubt.told = Some(doubt.reason.clone());
            doubt.quiet_since = now;
            format!("{service}: not yet usable: {}", doubt.reason)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    #[test]
    fn a_reason_is_told_when_the_wait_is_long_and_again_when_it_is_another() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut doubts = Doubts::default();
        doubts.answered(name("db"), "it does not answer".to_owned(), began);
        doubts.answered(name("db"), "it is starting up".to_owned(), at(500));
        assert_eq!(doubts.due(at(1_999)), [""; 0]);
        assert_eq!(
            doubts.due(at(2_000)),
            ["db: not yet usable: it is starting up"]
        );
        assert_eq!(doubts.due(at(9_000)), [""; 0]);
        doubts.answered(name("db"), "it is in recovery".to_owned(), at(9_001));
        assert_eq!(
            doubts.due(at(9_001)),
            ["db: not yet usable: it is in recovery"]
        );
    }

    #[test]
    fn what_is_usable_by_then_is_not_told() {
        let began = Instant::now();
        let mut doubts = Doubts::default();
        doubts.answered(name("db"), "it does not answer".to_owned(), began);
        doubts.over(&name("db"));
        assert_eq!(doubts.due(began + Duration::from_mins(1)), [""; 0]);
    }
}
