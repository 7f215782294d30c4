//! Whether keys can be used, expire, and are those of this run of the server.

use std::time::Duration;

use super::Subject;
use crate::cache::facts::lasting;
use crate::cache::words::count;
use crate::cache::{Facts, Finding, Refused, RoundTrip};

/// Round trips that take longer are worth a look.
const SLOW: Duration = Duration::from_millis(5);

const LOADING: &str = "not asked: it is loading its data";

pub(super) fn ttl(subject: &Subject<'_>, facts: &Facts) -> Finding {
    if facts.info.is_set("loading") {
        return Finding::skip("keys.ttl", LOADING);
    }
    let keyspace = facts.info.keyspace(subject.options.database);
    let is_marked = matches!(facts.marker, Some(Ok(Some(_))));
    let lasting = lasting(keyspace, is_marked);
    let database = subject.options.database;
    if lasting == 0 {
        let message = match (keyspace.keys, keyspace.expires) {
            (0, _) => format!("database {database} is empty"),
            (_, 0) => format!("database {database} has the bootstrap marker, and nothing else"),
            (_, 1) => format!("the one key in database {database} expires"),
            (_, all) => format!("all of {all} keys in database {database} expire"),
        };
        return Finding::pass("keys.ttl", message).expected("0").actual("0");
    }
    let keys = count(keyspace.keys, "key");
    let expire = if lasting == 1 { "expires" } else { "expire" };
    let Some(naming) = &subject.options.keys else {
        let message = format!(
            "{lasting} of {keys} never {expire}, and the stack file names no `keys` of a cache",
        );
        return Finding::skip("keys.ttl", message).actual(lasting.to_string());
    };
    let found = &facts.without_ttl;
    let namespace = &naming.namespace;
    let (counted, finding) = if found.own.is_empty() && found.is_complete {
        let such_as = such_as(&found.others);
        let message = format!(
            "{lasting} of {keys} in database {database} never {expire}, none of namespace \
             `{namespace}`{such_as}"
        );
        let finding = Finding::warn("keys.ttl", message)
            .meaning("they are not the cache's own, and take its memory until they are evicted")
            .hint("keep what is no cache in another database, or in a server of its own");
        (lasting, finding)
    } else {
        // Those that were not seen may be the application's; keys come and go meanwhile.
        let failing = lasting.saturating_sub(found.others_seen).max(1);
        let expire = if failing == 1 { "expires" } else { "expire" };
        let others = match found.others_seen {
            0 => String::new(),
            others => format!(", besides {others} outside namespace `{namespace}`"),
        };
        let such_as = such_as(&found.own);
        let message =
            format!("{failing} of {keys} in database {database} never {expire}{such_as}{others}");
        let finding = Finding::fail("keys.ttl", message)
            .meaning("what never expires is never refreshed, and stays until it is evicted")
            .hint(
                "the application should write them with a TTL; `devinfra cache stats` counts them \
                 by prefix",
            );
        (failing, finding)
    };
    finding.expected("0").actual(counted.to_string())
}

/// `, such as` and the names.
fn such_as(keys: &[Vec<u8>]) -> String {
    let names = keys.iter().map(|key| format!("`{}`", key.escape_ascii()));
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", such as {}", names.join(", "))
    }
}

pub(super) fn round_trip(facts: &Facts) -> Finding {
    let failed = |command: &str, what: String| {
        Finding::fail("roundtrip", format!("{command} of a scratch key {what}"))
    };
    match &facts.round_trip {
        RoundTrip::Done => Finding::pass(
            "roundtrip",
            "a key was set, read, and removed; its TTL was right",
        ),
        RoundTrip::Refused { refused, .. } if refused.code() == Some("LOADING") => {
            Finding::skip("roundtrip", LOADING)
        }
        RoundTrip::Refused { command, refused } => {
            let (meaning, hint) = refusal(facts, refused);
            failed(command, format!("is refused: {refused}"))
                .expected("done")
                .actual(refused.to_string())
                .meaning(meaning)
                .hint(hint)
        }
        RoundTrip::Wrong { command, answer } => failed(command, format!("answered `{answer}`"))
            .expected("what was written")
            .actual(answer)
            .meaning("something else writes to, or stands in front of, the server"),
    }
}

/// What a refused write means, and what to do, by the server's code word.
fn refusal(facts: &Facts, refused: &Refused) -> (String, &'static str) {
    match refused.code() {
        Some("MISCONF") => (
            "it can't save its data, and refuses writes until it can".to_owned(),
            "see `persistence.status` and `persistence.directory`",
        ),
        Some("OOM") => (
            "it is full, and may evict nothing".to_owned(),
            "raise `--maxmemory`, or let it evict with `--maxmemory-policy allkeys-lfu`",
        ),
        Some("READONLY") => {
            let host = facts.info.get("master_host").unwrap_or("another server");
            (
                format!("it is a read-only replica of {host}"),
                "make it a server of its own: `REPLICAOF NO ONE`",
            )
        }
        Some("NOPERM") => (
            "the user of the access control list may not do that".to_owned(),
            "give the application's user the commands and keys it needs",
        ),
        _ => (
            "the application can't use the cache".to_owned(),
            "read the server's log with `devinfra logs`",
        ),
    }
}

pub(super) fn latency(facts: &Facts) -> Finding {
    let latency = match &facts.latency {
        Ok(latency) => latency,
        Err(refused) => {
            return Finding::fail("latency", format!("round trips are refused: {refused}"))
                .actual(refused.to_string())
                .meaning("the server stopped answering while it was asked");
        }
    };
    let millis = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    let shown = format!("p50 {}, p99 {}", millis(latency.p50), millis(latency.p99));
    let finding = if latency.p99 > SLOW {
        Finding::warn("latency", shown)
            .meaning("the server, its engine or this machine is busy")
            .hint("look for slow commands with `SLOWLOG GET`, and at this machine's load")
    } else {
        Finding::pass("latency", shown)
    };
    finding
        .expected(format!("p99 of at most {}", millis(SLOW)))
        .actual(millis(latency.p99))
}

pub(super) fn marker(subject: &Subject<'_>, facts: &Facts) -> Finding {
    const CHECK: &str = "bootstrap.marker";
    if facts.info.is_set("loading") {
        return Finding::skip(CHECK, LOADING);
    }
    let Some(marker) = &facts.marker else {
        return Finding::skip(
            CHECK,
            format!(
                "the stack file names no `keys` of `{}`",
                subject.service.name
            ),
        );
    };
    let run_id = facts.info.run_id().unwrap_or_default();
    let stale = |message: String, actual: &str| {
        Finding::fail(CHECK, message)
            .expected(run_id)
            .actual(actual)
            .meaning("keys that may be stale since the restart have not been flushed")
            .hint("flush them with `devinfra cache bootstrap`")
    };
    match marker {
        Ok(Some(marker)) if marker == run_id.as_bytes() => {
            Finding::pass(CHECK, "flushed for this run of the server")
                .expected(run_id)
                .actual(run_id)
        }
        Ok(Some(marker)) => stale(
            "flushed for an earlier run of the server".to_owned(),
            &marker.escape_ascii().to_string(),
        ),
        Ok(None) => stale(
            "never flushed, or the marker was evicted".to_owned(),
            "none",
        ),
        Err(refused) => stale(
            format!("the marker can't be read: {refused}"),
            &refused.to_string(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::checks::world::World;
    use crate::cache::{Latency, Status};

    fn said(code: &str) -> Refused {
        let (code, said) = (code.to_owned(), "no".to_owned());
        Refused::Said { code, said }
    }

    #[test]
    fn every_key_but_the_marker_must_expire() {
        let mut world = World::default();
        for (keyspace, message) in [
            (
                "db0:keys=11,expires=10,avg_ttl=1",
                "all of 10 keys in database 0 expire",
            ),
            (
                "db0:keys=2,expires=1,avg_ttl=1",
                "the one key in database 0 expires",
            ),
            (
                "db0:keys=1,expires=0,avg_ttl=0",
                "database 0 has the bootstrap marker, and nothing else",
            ),
        ] {
            world.info(keyspace);
            let found = ttl(&world.subject(), &world.facts);
            assert_eq!(
                (found.status, found.message.as_str()),
                (Status::Pass, message)
            );
        }
        world.info("db0:keys=12,expires=10,avg_ttl=1");
        world.facts.without_ttl.own = vec![b"kh:\xff".to_vec()];
        let found = ttl(&world.subject(), &world.facts);
        assert_eq!(found.status, Status::Fail);
        assert_eq!(
            found.message,
            r"1 of 12 keys in database 0 never expires, such as `kh:\xff`"
        );
        world.options.keys = None;
        let found = ttl(&world.subject(), &world.facts);
        assert_eq!(found.status, Status::Skip);
    }

    #[test]
    fn a_key_of_somebody_else_is_a_warning_and_what_was_not_seen_is_not_excused() {
        let mut world = World::default();
        world.info("db0:keys=3,expires=1,avg_ttl=1");
        let found = &mut world.facts.without_ttl;
        (found.others, found.is_complete) = (vec![b"celery".to_vec()], true);
        let warned = ttl(&world.subject(), &world.facts);
        assert_eq!(warned.status, Status::Warn);
        assert_eq!(
            warned.message,
            "1 of 3 keys in database 0 never expires, none of namespace `kh`, such as `celery`"
        );
        world.facts.without_ttl.is_complete = false;
        assert_eq!(ttl(&world.subject(), &world.facts).status, Status::Fail);
        world.facts.without_ttl.own = vec![b"kh:tok:1".to_vec()];
        world.facts.without_ttl.is_complete = true;
        assert_eq!(ttl(&world.subject(), &world.facts).status, Status::Fail);
    }

    #[test]
    fn only_the_applications_own_keys_count_as_failing() {
        let mut world = World::default();
        world.info("db0:keys=12,expires=7,avg_ttl=1");
        let found = &mut world.facts.without_ttl;
        found.own = vec![b"kh:tok:1".to_vec(), b"kh:tok:2".to_vec()];
        (found.others_seen, found.is_complete) = (2, true);
        let failed = ttl(&world.subject(), &world.facts);
        assert_eq!(
            failed.message,
            "2 of 12 keys in database 0 never expire, such as `kh:tok:1`, `kh:tok:2`, \
             besides 2 outside namespace `kh`"
        );
        assert_eq!(failed.actual.as_deref(), Some("2"));
    }

    #[test]
    fn a_refused_write_is_told_by_its_code() {
        let mut world = World::default();
        assert_eq!(round_trip(&world.facts).status, Status::Pass);
        let mut meanings: Vec<Option<String>> = Vec::new();
        for code in ["MISCONF", "OOM", "READONLY", "NOPERM", "BUSY"] {
            world.facts.round_trip = RoundTrip::Refused {
                command: "SET",
                refused: said(code),
            };
            let found = round_trip(&world.facts);
            assert_eq!(found.status, Status::Fail);
            assert!(!meanings.contains(&found.meaning), "{code}");
            meanings.push(found.meaning);
        }
        world.facts.round_trip = RoundTrip::Wrong {
            command: "GET",
            answer: "nothing".to_owned(),
        };
        assert_eq!(round_trip(&world.facts).status, Status::Fail);
    }

    #[test]
    fn slow_round_trips_are_worth_a_look() {
        let mut world = World::default();
        assert_eq!(latency(&world.facts).status, Status::Pass);
        world.facts.latency = Ok(Latency {
            p50: Duration::from_millis(1),
            p99: Duration::from_millis(6),
        });
        assert_eq!(latency(&world.facts).status, Status::Warn);
        world.facts.latency = Err(Refused::Closed);
        assert_eq!(latency(&world.facts).status, Status::Fail);
    }

    #[test]
    fn the_marker_must_be_of_this_run() {
        let mut world = World::default();
        assert_eq!(marker(&world.subject(), &world.facts).status, Status::Pass);
        for wrong in [
            Ok(None),
            Ok(Some(b"another".to_vec())),
            Err(said("WRONGTYPE")),
        ] {
            world.facts.marker = Some(wrong);
            assert_eq!(marker(&world.subject(), &world.facts).status, Status::Fail);
        }
        world.facts.marker = None;
        assert_eq!(marker(&world.subject(), &world.facts).status, Status::Skip);
    }

    #[test]
    fn nothing_is_said_of_keys_while_they_are_loaded() {
        let mut world = World::default();
        world.info("loading:1");
        world.facts.round_trip = RoundTrip::Refused {
            command: "SET",
            refused: said("LOADING"),
        };
        for found in [
            ttl(&world.subject(), &world.facts),
            round_trip(&world.facts),
            marker(&world.subject(), &world.facts),
        ] {
            assert_eq!(found.status, Status::Skip, "{}", found.check);
        }
    }
}
