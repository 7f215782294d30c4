//! The devinfra binary.

fn main() {}
