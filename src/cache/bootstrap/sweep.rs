//! One pass over the keys that removes those of every flushed prefix.

use std::time::Duration;

use redis::{Cmd, cmd, pipe};
use tokio::time::Instant;

use super::lock::Lock;
use crate::cache::server::Server;
use crate::cache::{Namespace, Refused};

/// How many keys a page looks at. The server does nothing else while it removes one page's keys and
/// looks at the next, which takes it two thirds of a millisecond at this size.
const PAGE: usize = 500;

/// How far a pass came. Keys are counted as the server removed them, so one that was listed twice
/// counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swept {
    /// To the end.
    All {
        /// How many keys were removed.
        keys: u64,
    },
    /// To where the lock was found to be another's.
    LockLost {
        /// How many keys were removed.
        keys: u64,
    },
}

/// Removes the keys. A page's keys go out in one trip with the question for the next page, so the
/// pass costs one round trip for each page.
pub(super) async fn sweep(
    server: &mut Server,
    namespace: &Namespace,
    lock: &Lock,
    renew: Duration,
) -> Result<Swept, Refused> {
    let pattern = namespace.pattern();
    let mut renewed = Instant::now();
    let (mut cursor, mut keys) = (0_u64, 0_u64);
    let mut stale: Vec<Vec<u8>> = Vec::new();
    loop {
        let scan = scan(cursor, &pattern);
        let (next, page) = if stale.is_empty() {
            server.page(&scan).await?
        } else {
            let mut both = pipe();
            both.add_command(Cmd::unlink(&stale)).add_command(scan);
            let (gone, page): (u64, (u64, Vec<Vec<u8>>)) = server.ask_all(&both).await?;
            keys += gone;
            page
        };
        stale = page;
        stale.retain(|key| namespace.flushed_for(key).is_some());
        cursor = next;
        if cursor == 0 {
            break;
        }
        if renewed.elapsed() >= renew {
            if !lock.renew(server).await? {
                return Ok(Swept::LockLost { keys });
            }
            renewed = Instant::now();
        }
    }
    if !stale.is_empty() {
        keys += server.ask::<u64>(&Cmd::unlink(&stale)).await?;
    }
    Ok(Swept::All { keys })
}

/// One page: `MATCH` is for the whole namespace, and which of its keys are meant is decided here.
fn scan(cursor: u64, pattern: &str) -> Cmd {
    let mut scan = cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern);
    scan.arg("COUNT").arg(PAGE);
    scan
}
