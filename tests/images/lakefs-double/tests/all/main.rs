//! Starts the double as a process, and holds its answers against those of a real LakeFS which the
//! project has on record.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test ends where something is not as it must be, and runs on the real clock"
)]

mod answers;
mod double;
mod fake_s3;
mod lingering;
mod start;
