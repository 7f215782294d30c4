//! LakeFS: its health, its set-up, the keys that come of it, and whether it reaches its store.

mod api;
mod credentials;
mod probe;
mod setup;
mod store;

pub(super) use api::repositories;
pub use credentials::{Credentials, CredentialsError};
pub(super) use probe::probe;
pub(super) use setup::bootstrap;
