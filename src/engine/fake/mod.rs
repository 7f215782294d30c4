//! An engine in memory, for tests. It behaves like one: a name is taken, a port conflicts, a network
//! in use can't be removed. The scenarios that run against it also run against a real engine.

mod cat;
mod engine;
mod logs;
mod script;
mod state;

pub use script::FakeEngine;
