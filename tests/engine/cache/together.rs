//! Several who would flush, and servers and holders that end in the middle of it.

use std::thread;
use std::time::Duration;

use devinfra::cache::{BootstrapError, Bootstrapped, Timing, bootstrap};
use devinfra::model::Valkey;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::worker::{self, Did};
use super::{
    LOCK, MARKER, address, ask, cache_that_is_up, connect, coordinate, fill, names, namespace,
    run_id,
};
use crate::support::{Project, Run, block_on, engine};

/// A cache that has restarted, as far as its marker tells, with so many stale keys.
#[track_caller]
fn stale(keys: usize) -> (Project, u16) {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        fill(&mut connection, &names(&["kh:list:", "kh:tok:"], keys)).await;
        ask::<u64>(&mut connection, &["DEL", MARKER]).await;
    });
    (project, port)
}

#[test]
fn of_twenty_coordinators_exactly_one_flushes() {
    let (_project, port) = stale(40_000);
    let all =
        block_on(async { join_all((0..20).map(|_| coordinate(port, Timing::default()))).await });
    let flushed: Vec<u64> = all
        .iter()
        .filter_map(|one| match one {
            Bootstrapped::Flushed { keys, .. } => Some(*keys),
            Bootstrapped::Current | Bootstrapped::ByAnother { .. } => None,
        })
        .collect();
    assert_eq!(flushed, [40_000]);
    block_on(async {
        let mut connection = connect(port, 0).await;
        assert_eq!(ask::<u64>(&mut connection, &["EXISTS", LOCK]).await, 0);
        assert_eq!(ask::<u64>(&mut connection, &["DBSIZE"]).await, 1);
    });
}

#[test]
fn of_two_commands_exactly_one_flushes() {
    let (project, _port) = stale(40_000);
    let args = ["cache", "bootstrap", "--json"];
    let (one, other) = (project.start(&args), project.start(&args));
    let runs = [one.wait().succeeds(), other.wait().succeeds()];
    let keys = runs.iter().filter_map(|run| run.json()["keys"].as_u64());
    assert_eq!(keys.sum::<u64>(), 40_000);
    let flushed = |run: &&Run| run.json()["outcome"] == "flushed";
    assert_eq!(runs.iter().filter(flushed).count(), 1);
}

#[test]
fn a_worker_of_the_application_waits_for_us_and_we_for_it() {
    let (_project, port) = stale(40_000);
    // The lock is ours before the worker looks.
    let (ours, theirs) = block_on(async {
        let late = async {
            locked(port).await;
            worker::start(port).await
        };
        tokio::join!(coordinate(port, Timing::default()), late)
    });
    assert!(
        matches!(ours, Bootstrapped::Flushed { keys: 40_000, .. }),
        "{ours:?}"
    );
    assert_eq!(theirs, Did::Wait);

    let (_project, port) = stale(40_000);
    let (theirs, ours) = block_on(async {
        let late = async {
            locked(port).await;
            coordinate(port, Timing::default()).await
        };
        tokio::join!(worker::start(port), late)
    });
    assert_eq!(theirs, Did::Flush);
    assert!(matches!(ours, Bootstrapped::ByAnother { .. }), "{ours:?}");
    // A worker that starts later has nothing to do.
    assert_eq!(block_on(worker::start(port)), Did::Nothing);
}

/// Waits until somebody holds the lock.
async fn locked(port: u16) {
    let mut connection = connect(port, 0).await;
    let began = Instant::now();
    while ask::<u64>(&mut connection, &["EXISTS", LOCK]).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "never locked");
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_holder_that_was_killed_delays_the_next_by_no_more_than_the_locks_life() {
    let (_project, port) = stale(10);
    block_on(async {
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["SET", LOCK, "killed", "PX", "1500"]).await;
        let began = Instant::now();
        let done = coordinate(port, Timing::default()).await;
        assert!(
            matches!(done, Bootstrapped::Flushed { keys: 10, .. }),
            "{done:?}"
        );
        let took = began.elapsed();
        assert!(
            took > Duration::from_secs(1) && took < Duration::from_secs(10),
            "{took:?}"
        );
    });
}

#[test]
fn a_holder_that_never_finishes_is_told() {
    let (_project, port) = stale(10);
    let waited = Duration::from_millis(700);
    let error = block_on(async {
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["SET", LOCK, "slow", "EX", "60"]).await;
        let timing = Timing {
            wait: waited,
            ..Timing::default()
        };
        bootstrap(&Valkey::at(port), address(port), &namespace("kh"), timing).await
    });
    assert!(
        matches!(error, Err(BootstrapError::Busy { .. })),
        "{error:?}"
    );
}

#[test]
fn a_lock_that_another_has_taken_over_is_left_to_it() {
    let (_project, port) = stale(200_000);
    let timing = Timing {
        renew: Duration::ZERO,
        ..Timing::default()
    };
    let thief = async {
        locked(port).await;
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["SET", LOCK, "thief", "EX", "30"]).await;
        // Long enough for the first holder to notice, and to try to release it.
        sleep(Duration::from_secs(2)).await;
        let holder: Option<String> = ask(&mut connection, &["GET", LOCK]).await;
        let marker: Option<String> = ask(&mut connection, &["GET", MARKER]).await;
        let current = run_id(&mut connection).await;
        ask::<()>(&mut connection, &["SET", MARKER, &current]).await;
        (holder, marker)
    };
    let (done, (holder, marker)) =
        block_on(async { tokio::join!(coordinate(port, timing), thief) });
    assert_eq!(holder.as_deref(), Some("thief"));
    assert_eq!(marker, None);
    assert!(matches!(done, Bootstrapped::ByAnother { .. }), "{done:?}");
}

#[test]
fn a_long_flush_keeps_its_lock() {
    let (_project, port) = stale(200_000);
    // The lock's life is a fraction of what the flush takes.
    let timing = Timing {
        lock: Duration::from_millis(250),
        renew: Duration::from_millis(20),
        ..Timing::default()
    };
    let all = block_on(async { join_all((0..3).map(|_| coordinate(port, timing))).await });
    let flushed = |one: &&Bootstrapped| matches!(one, Bootstrapped::Flushed { .. });
    assert_eq!(all.iter().filter(flushed).count(), 1, "{all:?}");
}

#[test]
fn a_server_that_restarts_in_the_middle_is_flushed_anew() {
    let (project, port) = stale(300_000);
    let before = block_on(async {
        let mut connection = connect(port, 0).await;
        // What a crash brings back.
        ask::<()>(&mut connection, &["SAVE"]).await;
        run_id(&mut connection).await
    });
    let flushing = thread::spawn(move || block_on(coordinate(port, Timing::default())));
    block_on(async {
        let mut connection = connect(port, 0).await;
        while ask::<u64>(&mut connection, &["DBSIZE"]).await > 299_000 {
            sleep(Duration::from_millis(1)).await;
        }
        let left: u64 = ask(&mut connection, &["DBSIZE"]).await;
        assert!(left > 1000, "the flush was over too soon: {left}");
    });
    engine::kill(&project.container("cache"));
    project.up();
    let done = flushing.join().unwrap();
    assert_ne!(done, Bootstrapped::Current);
    block_on(async {
        let mut connection = connect(port, 0).await;
        let after = run_id(&mut connection).await;
        assert_ne!(after, before);
        let marker: String = ask(&mut connection, &["GET", MARKER]).await;
        assert_eq!(marker, after);
        assert_eq!(ask::<u64>(&mut connection, &["DBSIZE"]).await, 1);
    });
}

#[test]
fn a_replica_is_not_flushed() {
    let (project, port) = stale(10);
    block_on(async {
        let mut connection = connect(port, 0).await;
        ask::<()>(&mut connection, &["REPLICAOF", "127.0.0.1", "1"]).await;
    });
    let run = project.run(&["cache", "bootstrap"]).exits_with(5);
    assert!(
        run.stderr.contains("read-only replica of 127.0.0.1:1"),
        "{run}"
    );
}
