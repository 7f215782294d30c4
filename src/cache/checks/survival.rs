//! Whether a restart keeps what it must, and the flush takes what it must.

use crate::cache::words::count;
use crate::cache::{Finding, Status, Survival};

const CHECK: &str = "restart.survival";

/// Checks that must not fail before a server is restarted: with any of them broken, a restart could
/// cost data, or what it shows would say nothing.
const FIRST: [&str; 6] = [
    "reachable",
    "identity",
    "loading",
    "persistence.status",
    "persistence.directory",
    "roundtrip",
];

/// Why the restart is not tried, if it must not be; `saves` says whether the server saves at all.
pub fn not_tried(findings: &[Finding], saves: bool) -> Option<Finding> {
    let broken = findings
        .iter()
        .find(|found| found.status == Status::Fail && FIRST.contains(&found.check));
    match broken {
        Some(broken) => Some(Finding::skip(
            CHECK,
            format!("not tried: `{}` fails", broken.check),
        )),
        None if !saves => Some(Finding::skip(
            CHECK,
            "not tried: nothing is saved, so a restart would lose every key",
        )),
        None => None,
    }
}

/// A server that `up` would start, or start anew with other settings, is not restarted by a check.
pub fn not_as_declared() -> Finding {
    Finding::skip(
        CHECK,
        "not tried: the container is not as the stack file says; run `devinfra up` first",
    )
}

/// The verdict on a restart.
pub fn survival(survival: &Survival) -> Finding {
    let failed = |message: String, example: &[String], meaning: &str| {
        Finding::fail(CHECK, message)
            .expected("kept keys survive, and exactly the others are flushed")
            .actual(example.join(", "))
            .meaning(meaning)
    };
    let some = |keys: &[String]| keys.iter().take(3).cloned().collect::<Vec<_>>();
    if !survival.lost.is_empty() {
        return failed(
            format!(
                "the restart lost {}",
                count(survival.lost.len(), "test key")
            ),
            &some(&survival.lost),
            "the cache is not saved when its server stops",
        )
        .hint(
            "see `persistence.status`, and give the server time to save with `stop_grace_period`",
        );
    }
    if !survival.foreign_lost.is_empty() {
        return failed(
            format!(
                "the restart lost {} of {} of others",
                survival.foreign_lost.len(),
                count(survival.foreign, "key")
            ),
            &some(&survival.foreign_lost),
            "something else than the flush removed them: the application, or the restart",
        );
    }
    if !survival.overflushed.is_empty() {
        return failed(
            format!(
                "the flush took {} of what is kept",
                count(survival.overflushed.len(), "key")
            ),
            &some(&survival.overflushed),
            "a worker of the application flushes more than the stack file's `flushed`",
        );
    }
    if !survival.unflushed.is_empty() {
        return failed(
            format!("the flush left {}", count(survival.unflushed.len(), "key")),
            &some(&survival.unflushed),
            "keys that may be stale are served after a restart",
        )
        .hint("the marker was current already: does another tool write it?");
    }
    let kept = match (survival.foreign, survival.foreign_changed) {
        (0, _) => "there were no others".to_owned(),
        (foreign, 0) => format!("{} of others as before", count(foreign, "key")),
        (foreign, changed) => format!(
            "of {} of others the application wrote {changed} meanwhile",
            count(foreign, "key")
        ),
    };
    Finding::pass(
        CHECK,
        format!("restarted: kept keys survived, exactly the others were flushed, and {kept}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_not_surviving_fails() {
        assert_eq!(survival(&Survival::default()).status, Status::Pass);
        let key = || vec!["kh:list:x".to_owned()];
        for broken in [
            Survival {
                lost: key(),
                ..Survival::default()
            },
            Survival {
                overflushed: key(),
                ..Survival::default()
            },
            Survival {
                unflushed: key(),
                ..Survival::default()
            },
            Survival {
                foreign_lost: key(),
                foreign: 7,
                ..Survival::default()
            },
        ] {
            assert_eq!(survival(&broken).status, Status::Fail, "{broken:?}");
        }
    }

    #[test]
    fn a_server_that_could_lose_data_is_not_restarted() {
        let broken = [Finding::fail("persistence.status", "")];
        assert!(not_tried(&broken, true).is_some());
        assert!(not_tried(&[], false).is_some());
        assert!(not_tried(&[Finding::fail("config.save", "")], true).is_none());
    }
}
