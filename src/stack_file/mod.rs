//! Text in, model out: finds, parses, interpolates, merges and lowers stack files.
//!
//! The format is a strict subset of the Compose Specification plus `x-devinfra`. All problems are
//! collected and reported at once, each with its place. The environment is handed in, never read.

mod dotenv;
mod find;
mod interpolate;
mod load;
mod lower;
mod merge;
mod node;
#[cfg(test)]
mod oracle;
mod parse;
mod problem;
mod resolved;

pub use dotenv::{DotenvError, parse as parse_dotenv, quote as quote_dotenv};
pub use find::FileSource;
pub use load::{LoadError, Loaded, Origin, Request, load};
pub use problem::Warning;
pub use resolved::{Secrets, resolved, to_yaml};
