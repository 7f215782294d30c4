//! Every failure that devinfra tells, once: its stable code, exit status, meaning and remedy.
//!
//! A file here for each part of devinfra that fails. `docs/errors.md` is made of them, and a test holds
//! them against the codes that the source uses.

mod conflicts;
mod ends;
mod engine;
mod kinds;
mod services;
mod usage;

use std::fmt::Write as _;

use super::Exit;

/// A failure in general; what happened in a run is told by its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable; `error.code` in JSON.
    pub code: &'static str,
    /// The exit status of a run that ends with it.
    pub exit: Exit,
    /// What has happened.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Failures that have to do with the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter {
    /// What that is.
    pub title: &'static str,
    /// The failures.
    pub entries: &'static [Entry],
}

/// All failures.
pub const CATALOGUE: &[Chapter] = &[
    usage::USAGE,
    usage::STACK_FILE,
    engine::ENGINE,
    engine::IMAGES,
    conflicts::CONFLICTS,
    services::SERVICES,
    kinds::POSTGRES,
    kinds::VALKEY,
    kinds::S3,
    kinds::LAKEFS,
    ends::ENDS,
];

const fn entry(
    code: &'static str,
    exit: Exit,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code,
        exit,
        meaning,
        remedy,
    }
}

/// The status of a run that ends with this code.
pub(super) fn exit(code: &str) -> Option<Exit> {
    let mut entries = CATALOGUE.iter().flat_map(|chapter| chapter.entries);
    entries
        .find(|entry| entry.code == code)
        .map(|entry| entry.exit)
}

/// The catalogue as a page.
pub fn page() -> String {
    let mut page = String::from(
        "# Failures\n\nEvery failure has a code that stays the same. With `--json` it is \
         `error.code`; the exit status is the same for people and for scripts. This page is made \
         from `src/cli/catalogue`.\n",
    );
    for chapter in CATALOGUE {
        write!(page, "\n## {}\n\n", chapter.title).ok(); // a String takes everything
        page.push_str("| code | exit | what has happened | what to do |\n|---|---|---|---|\n");
        for entry in chapter.entries {
            let (code, exit) = (entry.code, entry.exit.status());
            let (meaning, remedy) = (entry.meaning, entry.remedy);
            writeln!(page, "| `{code}` | {exit} | {meaning} | {remedy} |").ok();
        }
    }
    page
}
