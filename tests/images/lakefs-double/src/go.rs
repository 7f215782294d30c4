//! How Go spells things, where LakeFS's answers and log lines show it.

use std::fs::create_dir;
use std::io::{Error, ErrorKind};
use std::path::Path;

use serde::Serialize;

/// An operating system's error as Go words it: `permission denied`, without Rust's number.
pub(crate) fn error_words(error: &Error) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}

/// A JSON text as Go's encoder writes it: `<`, `>` and `&` escaped, a newline at the end.
pub(crate) fn json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    format!("{json}\n")
}

/// Creates a directory with its parents.
///
/// # Errors
///
/// Says which one could not be made, as Go does: `mkdir /lakefs: permission denied`.
pub(crate) fn create_directories(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent)?;
    }
    match create_dir(path) {
        Ok(()) => Ok(()),
        // Another process was faster.
        Err(_taken) if path.is_dir() => Ok(()),
        Err(error) => {
            let is_file = error.kind() == ErrorKind::AlreadyExists;
            let words = if is_file {
                "not a directory".to_owned()
            } else {
                error_words(&error)
            };
            Err(format!("mkdir {}: {words}", path.display()))
        }
    }
}
