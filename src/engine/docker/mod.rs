//! An engine that speaks the Docker Engine API. The only place that names bollard.
//!
//! Every call has a deadline, and is preceded, once, by the question which version of the API the
//! engine speaks.

mod connection;
mod create;
mod deadlines;
mod engine;
mod error;
mod events;
mod exec;
mod logs;
mod networks;
mod observe;
mod pull;
mod stacks;
mod version;

pub use connection::Docker;
pub use deadlines::Deadlines;
