//! What a flush of the cache would take, as a table.

use super::{Table, grouped};
use crate::cache::Census;

/// Each prefix of the namespace with its keys, and what would become of them.
pub fn census_table(census: &Census, namespace: &str) -> Table {
    let mut table = Table::new(&["PREFIX", "KEYS", "WOULD BE"]);
    let flushed = if census.is_current {
        "kept: flushed for this run already"
    } else {
        "flushed"
    };
    for (prefixes, fate) in [(&census.flushed, flushed), (&census.kept, "kept")] {
        for one in prefixes {
            table.row([one.prefix.clone(), grouped(one.keys), fate.to_owned()]);
        }
    }
    table.row([
        format!("(other of {namespace})"),
        grouped(census.other),
        "kept".to_owned(),
    ]);
    table
}
