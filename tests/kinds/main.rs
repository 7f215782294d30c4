//! What devinfra does inside services, against doubles that answer as the real ones were seen to.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod lakefs;
mod s3;
mod server;
