//! The real binary against a scripted engine: a server on a unix socket in this process that plays
//! an engine from a small model, and does one thing wrong where a script says so.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod cache;
mod commands;
mod doctor;
mod engine;
mod failures;
mod faults;
mod http;
mod images;
mod logins;
#[path = "../support/pty.rs"]
mod pty;
mod resp;
mod run;
mod secrets;
mod streams;
mod terminal;
mod versions;
#[path = "../support/waiting.rs"]
mod waiting;
#[path = "../support/watch.rs"]
mod watch;
mod world;
