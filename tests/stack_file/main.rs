//! Stack files from outside: each fixture under `tests/stacks` shows one rule, which is its name, and
//! is compared as a whole: what `devinfra config` makes of it, or everything that is wrong with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod choice;
mod env_files;
mod fixtures;
mod interpolation;
mod invalid;
mod merge;
mod profiles;
mod random;
mod round_trip;
mod schema;
mod templates;
mod valid;
mod world;
