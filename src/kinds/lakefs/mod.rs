//! LakeFS: its health, its set-up, and the keys that come of it.

mod credentials;
mod probe;
mod setup;

pub use credentials::{Credentials, CredentialsError};
pub(super) use probe::probe;
pub(super) use setup::{bootstrap, repositories};
