//! The secrets of the test stacks: all begin with [`PLANTED`], which nothing else does, so that a run
//! that shows one can't be missed, nor taken for one by mistake.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How every secret of a stack of these tests begins.
const PLANTED: &str = "planted-";
/// The password of the databases.
pub(crate) const DATABASE: &str = "planted-of-the-database";
/// The secret key of the object stores.
pub(crate) const STORE: &str = "planted-of-the-store";
/// The key that LakeFS encrypts its users' keys with.
pub(crate) const ENCRYPTION: &str = "planted-of-lakefs";

/// What a run is asked for its secrets with, or shows only what another program has written.
const SHOWING: [&str; 6] = ["--show-secrets", "env", "run", "exec", "psql", "valkey-cli"];

/// Whether the run must keep all secrets to itself.
pub(crate) fn must_keep(command: &Command) -> bool {
    let shows = |argument: &OsStr| SHOWING.iter().any(|one| argument == *one);
    !command.get_args().any(shows)
}

/// Panics when the text has a secret of a stack in it; those that LakeFS was set up with are in a file
/// of the project.
#[track_caller]
pub(crate) fn are_not_in(text: &str, project: &Path) {
    assert!(!text.contains(PLANTED), "a secret is shown:\n{text}");
    let file = project.join("hub-meta/dev/lakefs/credentials.env");
    let keys = fs::read_to_string(file).unwrap_or_default();
    let keys = keys.lines().filter_map(|line| line.split_once('='));
    for (name, key) in keys.filter(|(_, key)| key.len() >= 16) {
        assert!(!text.contains(key), "{name} is shown:\n{text}");
    }
}
