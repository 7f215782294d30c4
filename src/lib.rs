//! devinfra brings a project's local infrastructure up, proves that it is usable, takes it down
//! without losing anything, and wipes it on request.

pub mod engine;
pub mod model;
