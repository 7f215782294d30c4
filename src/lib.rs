//! devinfra brings a project's local infrastructure up, proves that it is usable, takes it down
//! without losing anything, and wipes it on request.

pub mod apply;
pub mod cache;
pub mod cli;
pub mod data;
pub mod engine;
pub mod event;
pub mod flow;
pub mod host;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod report;
pub mod stack_file;
pub mod templates;
