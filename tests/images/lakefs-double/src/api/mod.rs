//! LakeFS's HTTP API, as much of it as devinfra calls. Knows no sockets.

mod answer;
mod authentication;
mod repositories;
mod routes;
mod setup;

pub(crate) use routes::{Asked, Lakefs};
pub(crate) use setup::administrator;
