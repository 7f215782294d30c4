//! Text in, model out: finds, parses, interpolates, merges and lowers stack files.
//!
//! The format is a strict subset of the Compose Specification plus `x-devinfra`. All problems are
//! collected and reported at once, each with its place. The environment is handed in, never read.

mod dotenv;
mod error;
mod find;
mod interpolate;
mod load;
mod lower;
mod map;
mod merge;
mod node;
#[cfg(test)]
mod oracle;
mod parse;
mod problem;
mod read;
mod redact;
mod resolved;
mod shown;
mod unreadable;
mod written;

pub use dotenv::{DotenvError, parse as parse_dotenv, quote as quote_dotenv};
pub use error::LoadError;
pub use find::{FileSource, NAMES};
pub use load::{Loaded, Origin, Request, load};
pub use problem::{Place, Told, Warning};
pub use resolved::{Secrets, resolved, to_yaml};

/// The JSON Schema of stack files, for editors. It is looser than the reader: a variable may stand
/// anywhere, and options of all kinds may stand beside each other.
pub const SCHEMA: &str = include_str!("../../schema/devinfra.json");
