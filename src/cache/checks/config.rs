//! Whether the live configuration is what the stack file declares.

use super::Subject;
use crate::cache::{Facts, Finding};
use crate::model::ByteSize;

pub(super) const SAVE: &str = "config.save";
pub(super) const APPENDONLY: &str = "config.appendonly";
pub(super) const MAXMEMORY: &str = "config.maxmemory";
pub(super) const POLICY: &str = "config.maxmemory-policy";

/// Each check with the setting it is about.
const SETTINGS: [(&str, &str); 4] = [
    (SAVE, "save"),
    (APPENDONLY, "appendonly"),
    (MAXMEMORY, "maxmemory"),
    (POLICY, "maxmemory-policy"),
];

pub(super) fn all(subject: &Subject<'_>, facts: &Facts) -> Vec<Finding> {
    SETTINGS
        .iter()
        .map(|(check, setting)| one(check, setting, subject, facts))
        .collect()
}

fn one(check: &'static str, setting: &str, subject: &Subject<'_>, facts: &Facts) -> Finding {
    let declared = subject.options.declared.get(setting);
    let live = match &facts.configuration {
        Ok(configuration) => configuration.get(setting),
        Err(refused) => {
            return match declared {
                Some(declared) => Finding::fail(check, format!("CONFIG GET is refused: {refused}"))
                    .expected(shown(setting, declared))
                    .actual(refused.to_string())
                    .hint("allow the application's user `CONFIG GET`"),
                None => Finding::skip(check, "the stack file declares nothing"),
            };
        }
    };
    let live = live.map(String::as_str).unwrap_or_default();
    let Some(declared) = declared else {
        return Finding::skip(
            check,
            format!(
                "the stack file declares nothing; it is {}",
                shown(setting, live)
            ),
        )
        .actual(shown(setting, live));
    };
    let (expected, actual) = (shown(setting, declared), shown(setting, live));
    if is_same(setting, declared, live) {
        return Finding::pass(check, format!("{actual}, as declared"))
            .expected(expected)
            .actual(actual);
    }
    Finding::fail(
        check,
        format!("{actual}, but the stack file declares {expected}"),
    )
    .expected(expected)
    .actual(actual)
    .meaning(meaning(setting))
    .hint(format!(
        "somebody has changed it with CONFIG SET, or in the stack file since the start: \
             `devinfra up --recreate {}` starts it anew",
        subject.service.name
    ))
}

fn meaning(setting: &str) -> &'static str {
    match setting {
        "save" => "how much of the cache a crash costs is not what was decided",
        "appendonly" => "every write is logged to disk, or is not, against what was decided",
        "maxmemory" => "it evicts earlier or later than was decided",
        _ => "it evicts other keys than was decided",
    }
}

fn is_same(setting: &str, declared: &str, live: &str) -> bool {
    match setting {
        "maxmemory" => match (bytes(declared), bytes(live)) {
            (Some(declared), Some(live)) => declared == live,
            _ => declared.eq_ignore_ascii_case(live),
        },
        _ => words(declared).eq_ignore_ascii_case(&words(live)),
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value as people read it: an empty `save` is off, and bytes have a unit.
fn shown(setting: &str, value: &str) -> String {
    match (setting, bytes(value)) {
        ("save", _) if value.trim().is_empty() => "off".to_owned(),
        ("maxmemory", Some(0)) => "no limit".to_owned(),
        ("maxmemory", Some(bytes)) => ByteSize(bytes).to_string(),
        _ => words(value),
    }
}

/// A size by Valkey's own rule, which is not Compose's: `mb` is 1024 * 1024 and `m` is 1000 * 1000.
/// <https://github.com/valkey-io/valkey/blob/unstable/valkey.conf>
fn bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor: u64 = match lower.strip_prefix(digits)? {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::checks::world::World;
    use crate::cache::{Refused, Status};

    #[test]
    fn values_are_compared_by_what_they_mean() {
        let world = World::default();
        let found = all(&world.subject(), &world.facts);
        let statuses: Vec<Status> = found.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [Status::Pass; 4]);
        assert_eq!(found[2].actual.as_deref(), Some("256 MiB"));
    }

    #[test]
    fn each_setting_that_differs_fails_on_its_own() {
        for (check, setting, live) in [
            (SAVE, "save", "900 1"),
            (SAVE, "save", ""),
            (APPENDONLY, "appendonly", "yes"),
            (MAXMEMORY, "maxmemory", "0"),
            (POLICY, "maxmemory-policy", "noeviction"),
        ] {
            let mut world = World::default();
            world.configure(setting, live);
            let found = all(&world.subject(), &world.facts);
            let failed: Vec<&str> = found
                .iter()
                .filter(|one| one.status == Status::Fail)
                .map(|one| one.check)
                .collect();
            assert_eq!(failed, [check], "{setting} = {live}");
        }
    }

    #[test]
    fn a_save_that_is_off_is_told_so() {
        let mut world = World::default();
        world.configure("save", "");
        let found = all(&world.subject(), &world.facts);
        assert_eq!(found[0].message, "off, but the stack file declares 300 100");
    }

    #[test]
    fn what_is_not_declared_is_not_judged() {
        let mut world = World::default();
        world.options.declared.clear();
        world.facts.configuration = Err(Refused::Closed);
        let found = all(&world.subject(), &world.facts);
        assert!(found.iter().all(|one| one.status == Status::Skip));
    }

    #[test]
    fn a_refused_question_fails_what_is_declared() {
        let mut world = World::default();
        world.facts.configuration = Err(Refused::Said {
            code: "NOPERM".to_owned(),
            said: "this user has no permissions".to_owned(),
        });
        let found = all(&world.subject(), &world.facts);
        assert!(found.iter().all(|one| one.status == Status::Fail));
    }

    #[test]
    fn sizes_are_read_by_valkeys_rule() {
        assert_eq!(bytes("256mb"), Some(256 << 20));
        assert_eq!(bytes("256M"), Some(256_000_000));
        assert_eq!(bytes("1gb"), Some(1 << 30));
        assert_eq!(bytes("268435456"), Some(256 << 20));
        assert_eq!(bytes("much"), None);
    }
}
