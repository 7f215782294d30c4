//! The repositories LakeFS has in mind. It does not forget one when it is deleted: until its entry
//! runs out, the deleted repository still answers, and its name stays taken.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::metadata::Repository;

// LakeFS keeps an entry for 5 s and up to 2 s more. Deletions were seen to linger for 6.3 to 6.9 s,
// and the double stays where it was seen, so that a test of the lingering can't pass by luck.
const LEAST: Duration = Duration::from_millis(6300);
const JITTER_MILLISECONDS: u64 = 600;

/// Read-through and in memory only: a restart empties it.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<BTreeMap<String, (Repository, Instant)>>);

impl Cache {
    /// The repository of this name, from the cache or else through `read`, whose answer is kept
    /// unless it is `None`. A hit does not prolong its entry.
    pub(crate) fn get(
        &self,
        name: &str,
        read: impl FnOnce() -> Option<Repository>,
    ) -> Option<Repository> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        entries.retain(|_, (_, end)| *end > now);
        if let Some((repository, _)) = entries.get(name) {
            return Some(repository.clone());
        }
        let repository = read()?;
        entries.insert(
            name.to_owned(),
            (repository.clone(), now + LEAST + jitter()),
        );
        Some(repository)
    }
}

fn jitter() -> Duration {
    let random = getrandom::u64().unwrap_or_default();
    Duration::from_millis(random % JITTER_MILLISECONDS)
}
