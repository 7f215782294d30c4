//! `cache stats`.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use super::{ask, cache_that_is_up, connect, fill, names};
use crate::support::{block_on, until};

#[test]
fn keys_are_counted_by_their_prefixes() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        fill(&mut connection, &names(&["kh:list:"], 3000)).await;
        fill(&mut connection, &names(&["kh:lakefs:commit:"], 7000)).await;
        ask::<()>(&mut connection, &["SET", "kh:for-ever", "1"]).await;
        for _ in 0..300 {
            ask::<Option<String>>(&mut connection, &["GET", "kh:list:7"]).await;
        }
    });
    let stats = project.run(&["cache", "stats", "--json"]).succeeds().json();
    assert_eq!(stats["schema"], 1);
    assert_eq!(stats["keys"], 10_002);
    assert_eq!(stats["keys_without_ttl"], 1);
    assert_eq!(stats["sampled"], false);
    assert_eq!(stats["flushed"], true);
    let prefixes = stats["prefixes"].as_array().unwrap();
    assert_eq!(prefixes[0]["prefix"], "lakefs:commit:");
    assert_eq!(prefixes[0]["keys"], 7000);
    assert_eq!(prefixes[1]["keys"], 3000);
    assert_eq!(prefixes[1]["keys_without_ttl"], 0);
    assert_eq!(prefixes[2]["prefix"], "(other of kh)");
    assert_eq!(prefixes[2]["keys_without_ttl"], 1);
    assert_eq!(stats["keys_of_the_flush"], 1);
    assert!(prefixes[1]["bytes"].as_u64().unwrap() > 3000 * 40);
    assert!(stats["memory"]["used"].as_u64().unwrap() > 500_000);
}

#[test]
fn more_keys_than_are_looked_at_are_estimated_and_that_is_said() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        fill(&mut connection, &names(&["kh:list:", "kh:uo:"], 300_000)).await;
    });
    let stats = project.run(&["cache", "stats", "--json"]).succeeds().json();
    assert_eq!(stats["sampled"], true);
    let keys = stats["prefixes"][0]["keys"].as_u64().unwrap();
    assert!((135_000..165_000).contains(&keys), "{stats}");
    let text = project.run(&["cache", "stats"]).succeeds().stdout;
    assert!(text.contains("of 300,001 keys were looked at"), "{text}");
}

#[test]
fn watching_shows_what_changed_and_ends_with_ctrl_c() {
    let project = cache_that_is_up();
    let running = project.start(&["cache", "stats", "--watch", "--json"]);
    let first = running.wait_for("{", Duration::from_secs(30));
    assert!(first.contains("\"per_second\":null"), "{first}");
    let second = running.wait_for("{", Duration::from_secs(30));
    assert!(second.contains("\"per_second\":{"), "{second}");
    running.signal(Signal::INT);
    running.wait().exits_with(130);
}

#[test]
fn watching_ends_when_nobody_reads_any_more() {
    let project = cache_that_is_up();
    let mut command = project.command(&["cache", "stats", "--watch"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("Valkey") || line.starts_with("Redis"),
        "{line}"
    );
    drop(reader);
    let child = RefCell::new(child);
    let status = until("it has ended", Duration::from_secs(30), || {
        child.borrow_mut().try_wait().unwrap()
    });
    assert!(status.success());
}
