//! The statistics of a cache, for people and for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::{Table, count, grouped};
use crate::cache::{Group, HotKey, Info, Mode, Stats};
use crate::model::ByteSize;

/// How many cells a bar has.
const BAR: usize = 16;

/// Counters whose speed is worth seeing, by the name INFO has for them.
const SPEEDS: [(&str, &str); 5] = [
    ("commands", "total_commands_processed"),
    ("hits", "keyspace_hits"),
    ("misses", "keyspace_misses"),
    ("evicted", "evicted_keys"),
    ("expired", "expired_keys"),
];

/// The statistics as people read them; `before` is an earlier look and how long ago it was.
pub fn stats_text(stats: &Stats, before: Option<(&Stats, Duration)>) -> String {
    let info = &stats.info;
    let bold = Style::new().bold();
    let server = info.server().unwrap_or_default();
    let up = ago(number(info, "uptime_in_seconds"));
    let clients = count(number(info, "connected_clients"), "client");
    let mut text = format!("{bold}{server}{bold:#}, up {up}, {clients}\n\n");
    let mut lines = vec![
        ("memory", memory(info)),
        ("hit ratio", hit_ratio(info)),
        ("keys", keys(stats)),
        ("last save", last_save(info)),
    ];
    if let Some(is_flushed) = stats.is_flushed {
        let flushed = if is_flushed {
            format!("for this run of the server, which began {up} ago")
        } else {
            "not yet for this run of the server: `devinfra cache bootstrap`".to_owned()
        };
        lines.push(("flushed", flushed));
    }
    if let Some((before, passed)) = before {
        lines.push(("per second", speeds(info, &before.info, passed)));
    }
    for (name, value) in lines {
        writeln!(text, "{name:10}  {value}").ok(); // a String takes everything
    }
    if !stats.groups.is_empty() {
        write!(text, "\n{}", groups(&stats.groups)).ok();
        if stats.looked_at < stats.keys {
            let (seen, all) = (grouped(stats.looked_at), grouped(stats.keys));
            writeln!(text, "Estimates: {seen} of {all} keys were looked at.").ok();
        }
    }
    if !stats.hottest.is_empty() {
        write!(text, "\n{}", hottest(&stats.hottest)).ok();
    }
    text
}

fn number(info: &Info, name: &str) -> u64 {
    info.number(name).unwrap_or_default()
}

fn memory(info: &Info) -> String {
    let (used, limit) = (number(info, "used_memory"), number(info, "maxmemory"));
    let peak = ByteSize(number(info, "used_memory_peak"));
    let policy = info.get("maxmemory_policy").unwrap_or_default();
    if limit == 0 {
        return format!("{} with no limit, at most {peak} so far", ByteSize(used));
    }
    format!(
        "{} of {}  {}  at most {peak} so far, {policy}",
        ByteSize(used),
        ByteSize(limit),
        bar(used, limit)
    )
}

fn hit_ratio(info: &Info) -> String {
    let (hits, misses) = (
        number(info, "keyspace_hits"),
        number(info, "keyspace_misses"),
    );
    if hits + misses == 0 {
        return "nothing was read yet".to_owned();
    }
    format!(
        "{}  {}, {}",
        bar(hits, hits + misses),
        count(hits, "hit"),
        count(misses, "miss")
    )
}

fn keys(stats: &Stats) -> String {
    let of = |name| grouped(number(&stats.info, name));
    let (evicted, expired) = (of("evicted_keys"), of("expired_keys"));
    // The table below does not have them, and is to add up; what is estimated need not.
    let is_told = stats.protocol > 0 && stats.looked_at >= stats.keys;
    let lasting = match stats.lasting {
        0 if is_told => "all others expire".to_owned(),
        0 if stats.is_flushed == Some(true) => "all but the marker expire".to_owned(),
        0 => "all expire".to_owned(),
        1 => "1 never expires".to_owned(),
        lasting => format!("{} never expire", grouped(lasting)),
    };
    let besides = match stats.protocol {
        _ if !is_told => "",
        1 => " with the flush's own marker",
        _ => " with the flush's own marker and lock",
    };
    format!(
        "{}{besides}, {lasting}; {evicted} evicted and {expired} expired so far",
        grouped(stats.keys)
    )
}

fn last_save(info: &Info) -> String {
    let unsaved = number(info, "rdb_changes_since_last_save");
    let changes = count(unsaved, "change");
    if info.get("rdb_last_bgsave_status") == Some("err") {
        let are = if unsaved == 1 { "is" } else { "are" };
        return format!("failed; {changes} {are} not saved");
    }
    if number(info, "rdb_saves") == 0 {
        return format!("none since its start; {changes} since");
    }
    // By the server's clock, which need not be this machine's.
    let now = number(info, "server_time_usec") / 1_000_000;
    let saved = number(info, "rdb_last_save_time");
    let when = ago(now.saturating_sub(saved));
    format!("{when} ago; {changes} since")
}

fn speeds(info: &Info, before: &Info, passed: Duration) -> String {
    let each =
        SPEEDS.map(|(word, name)| format!("{} {word}", grouped(speed(info, before, name, passed))));
    each.join(", ")
}

/// How much a counter grew in a second. One that is smaller than before is a new server's.
fn speed(info: &Info, before: &Info, name: &str, passed: Duration) -> u64 {
    let grown = number(info, name).saturating_sub(number(before, name));
    let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
    grown.saturating_mul(1000) / millis
}

/// Where all keys expire, there is no column for those that do not.
fn groups(groups: &[Group]) -> Table {
    let total: u64 = groups.iter().map(|group| group.bytes).sum();
    let some_last = groups.iter().any(|group| group.lasting > 0);
    let mut header = vec!["PREFIX", "KEYS", "BYTES", "SHARE", "AFTER A RESTART"];
    if some_last {
        header.insert(2, "NO TTL");
    }
    let mut table = Table::new(&header);
    for group in groups {
        let mut row = vec![
            group.prefix.clone(),
            grouped(group.keys),
            ByteSize(group.bytes).to_string(),
            bar(group.bytes, total),
            match group.mode {
                Mode::Flushed => "flushed",
                Mode::Kept => "kept",
                Mode::Other => "not touched",
            }
            .to_owned(),
        ];
        if some_last {
            row.insert(2, grouped(group.lasting));
        }
        table.row(row);
    }
    table
}

fn hottest(keys: &[HotKey]) -> Table {
    let mut table = Table::new(&["HOTTEST KEYS", "FREQUENCY"]);
    for one in keys {
        table.row([one.key.clone(), one.frequency.to_string()]);
    }
    table
}

/// "██████░░░░░░░░░░  38%"
fn bar(part: u64, whole: u64) -> String {
    let cells = u64::try_from(BAR).unwrap_or_default();
    let whole = u128::from(whole.max(1));
    let rounded = |times: u64| (u128::from(part) * u128::from(times) + whole / 2) / whole;
    let full = usize::try_from(rounded(cells)).unwrap_or(BAR).min(BAR);
    let percent = rounded(100);
    let style = AnsiColor::Cyan.on_default();
    format!(
        "{style}{}{style:#}{} {percent:3}%",
        "█".repeat(full),
        "░".repeat(BAR - full)
    )
}

/// "12 s", "5 min", "3 h 20 min", "2 d 4 h".
fn ago(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// The statistics as the JSON document of `cache stats`.
pub fn stats_json(service: &str, stats: &Stats, before: Option<(&Stats, Duration)>) -> Value {
    let info = &stats.info;
    let of = |name| number(info, name);
    let per_second = before.map(|(before, passed)| {
        let each = SPEEDS.map(|(word, name)| {
            let speed = speed(info, &before.info, name, passed);
            (word.to_owned(), Value::from(speed))
        });
        Value::Object(each.into_iter().collect())
    });
    let prefixes: Vec<Value> = stats.groups.iter().map(group_json).collect();
    let hottest: Vec<Value> = stats
        .hottest
        .iter()
        .map(|one| json!({"key": one.key, "frequency": one.frequency}))
        .collect();
    json!({
        "schema": 1,
        "service": service,
        "server": info.server(),
        "run_id": info.run_id(),
        "uptime_seconds": of("uptime_in_seconds"),
        "clients": of("connected_clients"),
        "memory": {
            "used": of("used_memory"),
            "peak": of("used_memory_peak"),
            "limit": of("maxmemory"),
            "policy": info.get("maxmemory_policy"),
            "fragmentation_ratio": info.number::<f64>("mem_fragmentation_ratio"),
        },
        "hits": of("keyspace_hits"),
        "misses": of("keyspace_misses"),
        "evicted": of("evicted_keys"),
        "expired": of("expired_keys"),
        "keys": stats.keys,
        "keys_without_ttl": stats.lasting,
        "keys_of_the_flush": stats.protocol,
        "looked_at": stats.looked_at,
        "sampled": stats.looked_at < stats.keys,
        "prefixes": prefixes,
        "hottest": hottest,
        "flushed": stats.is_flushed,
        "last_save": {
            "ok": info.get("rdb_last_bgsave_status") != Some("err"),
            "at": of("rdb_last_save_time"),
            "saves": of("rdb_saves"),
            "changes_since": of("rdb_changes_since_last_save"),
        },
        "per_second": per_second,
    })
}

fn group_json(group: &Group) -> Value {
    json!({
        "prefix": group.prefix,
        "mode": match group.mode {
            Mode::Flushed => "flushed",
            Mode::Kept => "kept",
            Mode::Other => "other",
        },
        "keys": group.keys,
        "keys_without_ttl": group.lasting,
        "bytes": group.bytes,
    })
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    const INFO: &str = "valkey_version:8.1.1\nrun_id:aaaa\nuptime_in_seconds:7500\n\
        connected_clients:4\nused_memory:67108864\nused_memory_peak:134217728\n\
        maxmemory:268435456\nmaxmemory_policy:allkeys-lfu\nkeyspace_hits:93000\n\
        keyspace_misses:7000\nevicted_keys:0\nexpired_keys:1200\nrdb_last_bgsave_status:ok\n\
        rdb_saves:3\nrdb_last_save_time:1000\nserver_time_usec:1300000000\n\
        rdb_changes_since_last_save:12\ntotal_commands_processed:5000\n";

    fn stats() -> Stats {
        let group = |prefix: &str, mode, keys, bytes| Group {
            prefix: prefix.to_owned(),
            mode,
            keys,
            lasting: 0,
            bytes,
        };
        Stats {
            info: Info::parse(INFO),
            keys: 1_000_000,
            lasting: 0,
            looked_at: 100_000,
            protocol: 1,
            groups: vec![
                group("lakefs:commit:", Mode::Kept, 750_000, 48 << 20),
                group("list:", Mode::Flushed, 250_000, 16 << 20),
            ],
            hottest: vec![HotKey {
                key: "kh:list:models".to_owned(),
                frequency: 212,
            }],
            is_flushed: Some(true),
        }
    }

    #[test]
    fn a_person_can_read_it() {
        let mut before = stats();
        before.info = Info::parse(&INFO.replace("processed:5000", "processed:4000"));
        let text = stats_text(&stats(), Some((&before, Duration::from_millis(500))));
        insta::assert_snapshot!(strip_str(&text).to_string(), @r"
        Valkey 8.1.1, up 2 h 5 min, 4 clients

        memory      64 MiB of 256 MiB  ████░░░░░░░░░░░░  25%  at most 128 MiB so far, allkeys-lfu
        hit ratio   ███████████████░  93%  93,000 hits, 7,000 misses
        keys        1,000,000, all but the marker expire; 0 evicted and 1,200 expired so far
        last save   5 min ago; 12 changes since
        flushed     for this run of the server, which began 2 h 5 min ago
        per second  2,000 commands, 0 hits, 0 misses, 0 evicted, 0 expired

        PREFIX          KEYS     BYTES   SHARE                  AFTER A RESTART
        lakefs:commit:  750,000  48 MiB  ████████████░░░░  75%  kept
        list:           250,000  16 MiB  ████░░░░░░░░░░░░  25%  flushed
        Estimates: 100,000 of 1,000,000 keys were looked at.

        HOTTEST KEYS    FREQUENCY
        kh:list:models  212
        ");
    }

    #[test]
    fn keys_that_never_expire_have_a_column_and_the_numbers_add_up() {
        let mut stats = stats();
        (stats.keys, stats.looked_at, stats.lasting) = (4, 4, 2);
        for (group, (keys, lasting)) in stats.groups.iter_mut().zip([(2, 0), (1, 1)]) {
            (group.keys, group.lasting, group.bytes) = (keys, lasting, 1 << 20);
        }
        let text = strip_str(&stats_text(&stats, None)).to_string();
        let line = text.lines().find(|line| line.starts_with("keys"));
        insta::assert_snapshot!(line.unwrap(), @"keys        4 with the flush's own marker, 2 never expire; 0 evicted and 1,200 expired so far");
        let table: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("PREFIX"))
            .collect();
        insta::assert_snapshot!(table[..3].join("\n"), @"
        PREFIX          KEYS  NO TTL  BYTES  SHARE                  AFTER A RESTART
        lakefs:commit:  2     0       1 MiB  ████████░░░░░░░░  50%  kept
        list:           1     1       1 MiB  ████████░░░░░░░░  50%  flushed
        ");
        stats.lasting = 0;
        let told = keys(&stats);
        assert!(
            told.starts_with("4 with the flush's own marker, all others expire;"),
            "{told}"
        );
        let json = stats_json("valkey", &stats, None);
        assert_eq!(json["prefixes"][1]["keys_without_ttl"], 1);
        assert_eq!(json["keys_of_the_flush"], 1);
    }

    #[test]
    fn scripts_get_numbers() {
        let json = stats_json("valkey", &stats(), None);
        assert_eq!(json["schema"], 1);
        assert_eq!(json["sampled"], true);
        assert_eq!(json["prefixes"][0]["mode"], "kept");
        assert_eq!(json["per_second"], Value::Null);
    }

    #[test]
    fn a_restarted_servers_counters_have_no_negative_speed() {
        let before = Info::parse("keyspace_hits:100");
        let now = Info::parse("keyspace_hits:10");
        assert_eq!(
            speed(&now, &before, "keyspace_hits", Duration::from_secs(1)),
            0
        );
    }
}
