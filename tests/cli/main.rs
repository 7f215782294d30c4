//! The binary from outside, without an engine: what it writes to which stream, and its exit status.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod colour;
mod config;
mod devinfra;
mod engine;
mod examples;
mod help;
mod init;
mod json;
mod nowhere;
mod secrets;
mod stack_file;
mod streams;
mod usage;
#[path = "../support/watch.rs"]
mod watch;
