//! The whole path on a real engine: see `make test`.
