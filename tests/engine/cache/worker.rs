//! A worker of the application, which follows the bootstrap protocol as KohakuHub does: the lock is
//! `SET NX EX 30`, each prefix has a pass of SCAN and DEL with COUNT 500, and the lock is deleted
//! without a look at whose it is.

use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, sleep};

use super::{LOCK, MARKER, STALE, ask, connect, run_id};

/// What a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    Nothing,
    Flush,
    Wait,
}

/// Starts a worker, which ends when the cache is as it must be.
pub(super) async fn start(port: u16) -> Did {
    let mut connection = connect(port, 0).await;
    let current = run_id(&mut connection).await;
    let marker: Option<String> = ask(&mut connection, &["GET", MARKER]).await;
    if marker.as_ref() == Some(&current) {
        return Did::Nothing;
    }
    let taken: Option<String> = ask(&mut connection, &["SET", LOCK, "1", "NX", "EX", "30"]).await;
    if taken.is_none() {
        let began = Instant::now();
        loop {
            let marker: Option<String> = ask(&mut connection, &["GET", MARKER]).await;
            if marker.as_ref() == Some(&current) {
                return Did::Wait;
            }
            assert!(began.elapsed() < Duration::from_secs(35), "never flushed");
            sleep(Duration::from_millis(50)).await;
        }
    }
    flush(port).await;
    ask::<()>(&mut connection, &["SET", MARKER, &current]).await;
    ask::<u64>(&mut connection, &["DEL", LOCK]).await;
    Did::Flush
}

/// Thirteen passes; how many keys went.
pub(super) async fn flush(port: u16) -> u64 {
    let mut connection = connect(port, 0).await;
    let mut gone = 0;
    for prefix in STALE {
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("kh:{prefix}*"));
            scan.arg("COUNT").arg(500);
            let (next, keys): (u64, Vec<Vec<u8>>) =
                scan.query_async(&mut connection).await.unwrap();
            if !keys.is_empty() {
                gone += cmd("DEL")
                    .arg(&keys)
                    .query_async::<u64>(&mut connection)
                    .await
                    .unwrap();
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    gone
}
