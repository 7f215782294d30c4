//! The whole path on a real engine: see `make test`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why"
)]

mod bundle;
mod cache;
mod changes;
mod compose;
mod conflicts;
mod crashes;
mod data;
mod deaths;
mod exec;
mod failures;
mod follow;
mod gone;
mod kinds;
mod listed;
mod several;
mod shown;
mod stacks;
mod support;
mod twice;
mod usable;
