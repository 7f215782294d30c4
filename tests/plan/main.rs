//! Planning, as sentences: what is wanted, what exists, and the plan that follows, in its own
//! notation. No engine is needed; where a plan is carried out, it is on the fake one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod apply;
mod down;
mod hooks;
mod logs;
mod properties;
mod remote;
mod reset;
mod status;
mod timings;
mod up;
mod ways;
mod world;
