//! The house: which room may use which. The table is the one of docs/architecture.md.
//!
//! A room's source is read as text, so that a use inside a function counts as well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// A room, the other rooms of ours that it may use, and outside crates that it may not.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    may_not_use: &'static [&'static str],
}

const ASYNC: &[&str] = &["tokio", "futures_util", "async_trait"];
const PURE: &[&str] = &[
    "tokio",
    "futures_util",
    "async_trait",
    "bollard",
    "clap",
    "redis",
    "tokio_postgres",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "std::process",
    "SystemTime",
    "Instant",
    "rand",
];

const HOUSE: &[Room] = &[
    Room {
        name: "model",
        may_use: &[],
        may_not_use: PURE,
    },
    Room {
        name: "plan",
        may_use: &["model"],
        may_not_use: PURE,
    },
    Room {
        name: "stack_file",
        may_use: &["model", "templates"],
        may_not_use: &["tokio", "bollard", "clap", "std::env"],
    },
    Room {
        name: "templates",
        may_use: &[],
        may_not_use: PURE,
    },
    Room {
        name: "engine",
        may_use: &["model"],
        may_not_use: &["clap", "redis", "tokio_postgres", "std::env"],
    },
    Room {
        name: "kinds",
        may_use: &["model", "engine", "cache"],
        may_not_use: &["clap", "std::env"],
    },
    Room {
        name: "cache",
        may_use: &["model"],
        may_not_use: &["clap", "std::env"],
    },
    Room {
        name: "data",
        may_use: &["model"],
        may_not_use: &["clap", "std::env"],
    },
    // What this machine says of itself; the engine says the rest.
    Room {
        name: "host",
        may_use: &["model"],
        may_not_use: &["clap", "std::env", "tokio", "bollard"],
    },
    Room {
        name: "event",
        may_use: &["model", "plan", "engine", "kinds"],
        may_not_use: ASYNC,
    },
    Room {
        name: "apply",
        may_use: &[
            "model", "plan", "engine", "kinds", "cache", "data", "host", "event",
        ],
        may_not_use: &["clap", "std::env", "std::io::std"],
    },
    Room {
        name: "flow",
        may_use: &[
            "model", "plan", "engine", "kinds", "cache", "data", "host", "event", "apply",
        ],
        may_not_use: &["clap", "std::env", "std::io::std"],
    },
    Room {
        name: "report",
        may_use: &["model", "plan", "event", "cache", "kinds"],
        may_not_use: &["clap", "std::env"],
    },
];

/// Crates that only some files may name: where a promise depends on knowing all its uses.
const ONLY_IN: &[(&str, &str)] = &[
    ("bollard", "src/engine/docker/"),
    ("clap", "src/cli/"),
    ("tokio_postgres", "src/kinds/"),
    ("serde_yaml", "src/stack_file/"),
    ("serde_saphyr", "src/stack_file/"),
    ("anyhow", "src/main.rs"),
    ("std::env::vars", "src/cli/settings.rs"),
];

fn sources(under: &Path) -> Vec<PathBuf> {
    if under.is_file() {
        return vec![under.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap_or_else(|error| panic!("{}: {error}", under.display()))
    {
        found.extend(sources(&entry.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    found.sort();
    found
}

/// The code of a file: without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    code.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn room_path(name: &str) -> PathBuf {
    let directory = Path::new("src").join(name);
    if directory.is_dir() {
        directory
    } else {
        directory.with_extension("rs")
    }
}

fn rooms() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("src")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "lib" && name != "main")
        .collect();
    names.sort();
    names
}

/// Whether the code names `crate::<room>` in any way of importing.
fn uses_room(code: &str, room: &str) -> bool {
    code.match_indices(&format!("crate::{room}"))
        .any(|(at, found)| {
            let after = code
                .get(at + found.len()..)
                .and_then(|rest| rest.chars().next());
            !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        })
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let mut broken = Vec::new();
    for room in HOUSE {
        for path in sources(&room_path(room.name)) {
            let code = code(&path);
            for other in rooms() {
                let allowed = other == room.name || room.may_use.contains(&other.as_str());
                if !allowed && uses_room(&code, &other) {
                    broken.push(format!("{} uses {other}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_room_stays_away_from_what_it_may_not_touch() {
    let mut broken = Vec::new();
    for room in HOUSE {
        for path in sources(&room_path(room.name)) {
            let code = code(&path);
            for word in room.may_not_use.iter().filter(|word| code.contains(**word)) {
                broken.push(format!("{} names {word}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn some_crates_are_named_in_one_place_only() {
    let mut broken = Vec::new();
    for path in sources(Path::new("src")) {
        let code = code(&path);
        for (word, place) in ONLY_IN {
            let named =
                code.contains(&format!("{word}::")) || code.contains(&format!("use {word}"));
            if named && !path.starts_with(place) {
                broken.push(format!("{} names {word}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let known: Vec<&str> = HOUSE.iter().map(|room| room.name).chain(["cli"]).collect();
    for room in rooms() {
        assert!(
            known.contains(&room.as_str()),
            "src/{room} is in no table: docs/architecture.md"
        );
    }
}

#[test]
fn the_main_file_is_a_door() {
    assert!(fs::read_to_string("src/main.rs").unwrap().lines().count() < 20);
}
