//! The Valkey cache: what it is made of, whether it is healthy, and the flush after a restart.
