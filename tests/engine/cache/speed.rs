//! A measurement of the flush: how fast it is, and what other clients feel of it.
//!
//! It fills a server with a million keys, twice, and its numbers mean something on a quiet machine
//! and an optimised build only. So it runs when it is asked for:
//!
//! ```sh
//! cargo test --release --features engine-tests --test engine -- --ignored --nocapture cache::speed
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use devinfra::cache::{Bootstrapped, Timing};
use tokio::time::{Instant, sleep};

use super::{MARKER, STALE, ask, connect, coordinate, fill, names, stack, worker};
use crate::support::{Project, block_on};

const KEYS: usize = 1_000_000;

#[test]
#[ignore = "a measurement, for a quiet machine and an optimised build"]
fn a_million_keys_go_fast_and_nobody_waits() {
    let project = Project::with(&stack("", "").replace("--maxmemory 256mb", "--maxmemory 1gb"));
    project.up();
    let port = project.port("CACHE_PORT");
    block_on(refill(port));
    let other = Other::start(port);
    let began = Instant::now();
    let gone = block_on(worker::flush(port));
    let thirteen_passes = began.elapsed();
    let (worse, worst) = other.stop();
    assert_eq!(gone, KEYS as u64);

    block_on(refill(port));
    let other = Other::start(port);
    let began = Instant::now();
    let done = block_on(coordinate(port, Timing::default()));
    let one_pass = began.elapsed();
    let (p99, most) = other.stop();
    assert!(
        matches!(done, Bootstrapped::Flushed { keys, .. } if keys == gone),
        "{done:?}"
    );

    let times = thirteen_passes.as_secs_f64() / one_pass.as_secs_f64();
    eprintln!("flush of {KEYS} keys");
    eprintln!("  13 passes of SCAN and DEL, COUNT 500: {thirteen_passes:.2?}");
    eprintln!("    another client meanwhile: p99 {worse:.2?}, at most {worst:.2?}");
    eprintln!("  one pass, as devinfra does it: {one_pass:.2?}, {times:.1} times as fast");
    eprintln!("    another client meanwhile: p99 {p99:.2?}, at most {most:.2?}");
    assert!(times >= 3.0, "only {times:.1} times as fast");
    assert!(p99 < Duration::from_millis(10), "p99 {p99:?}");
}

async fn refill(port: u16) {
    let mut connection = connect(port, 0).await;
    let prefixes = STALE.map(|prefix| format!("kh:{prefix}"));
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    fill(&mut connection, &names(&prefixes, KEYS)).await;
    ask::<u64>(&mut connection, &["DEL", MARKER]).await;
}

/// A client that reads a thousand times a second, which leaves the server to the flush.
struct Other {
    stop: Arc<AtomicBool>,
    times: thread::JoinHandle<Vec<Duration>>,
}

impl Other {
    fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let times = thread::spawn(move || {
            block_on(async {
                let mut connection = connect(port, 0).await;
                let mut times = Vec::new();
                while !asked.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    ask::<Option<String>>(&mut connection, &["GET", "kh:lakefs:stat:1"]).await;
                    times.push(began.elapsed());
                    sleep(Duration::from_millis(1)).await;
                }
                times
            })
        });
        Self { stop, times }
    }

    fn stop(self) -> (Duration, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let mut times = self.times.join().unwrap();
        times.sort_unstable();
        (times[times.len() * 99 / 100], times[times.len() - 1])
    }
}
