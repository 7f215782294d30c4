//! The catalogue of failures against the source, and everything that a message tells people to run
//! against what can be run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser as _};
use devinfra::cli::Args;
use devinfra::cli::catalogue::{CATALOGUE, Entry, page};
use serde_json::Value;

const PAGE: &str = "docs/errors.md";

fn entries() -> BTreeMap<&'static str, Entry> {
    let entries = CATALOGUE.iter().flat_map(|chapter| chapter.entries);
    entries.map(|entry| (entry.code, *entry)).collect()
}

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// A file without its comments and the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The string literals of a source, without their quotes.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code.replace("\\\"", "'").replace("'\"'", "' '");
    rest = rest.replace("\\\n", "");
    while let Some((_, after)) = rest.split_once('"') {
        let Some((literal, after)) = after.split_once('"') else {
            break;
        };
        found.push(literal.split_whitespace().collect::<Vec<_>>().join(" "));
        rest = after.to_owned();
    }
    found
}

fn is_code_shaped(literal: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
            })
    };
    literal
        .split_once('.')
        .is_some_and(|(family, name)| word(family) && word(name) && !family.starts_with('-'))
}

/// The codes that a source gives to failures: what a function named `code` returns, and what stands
/// where a `CliError` takes one.
fn codes_used(code: &str) -> BTreeSet<String> {
    let squeezed = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = BTreeSet::new();
    for (at, _) in squeezed.match_indices("code(") {
        let rest = squeezed.get(at..).unwrap_or_default();
        if squeezed
            .get(..at)
            .is_some_and(|before| before.ends_with("fn ") || before.ends_with('_'))
        {
            let body = rest.split(" fn ").next().unwrap_or_default();
            found.extend(literals(body));
        }
    }
    for opening in ["Exit::", "told(", "usage(", "code: ", "code = ", "=> ("] {
        for (at, _) in squeezed.match_indices(opening) {
            let rest = squeezed.get(at..).unwrap_or_default();
            let line: String = rest.chars().take(80).collect();
            found.extend(literals(&line).into_iter().take(1));
        }
    }
    found.retain(|literal| is_code_shaped(literal));
    found
}

#[test]
fn the_page_of_failures_is_current() {
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    if written != page() {
        fs::write(PAGE, page()).unwrap();
        panic!("{PAGE} was out of date, and has been written anew: commit it");
    }
}

#[test]
fn every_code_that_the_source_uses_is_in_the_catalogue_and_the_other_way_round() {
    let known = entries();
    let mut used = BTreeSet::new();
    let mut everything = BTreeSet::new();
    for path in sources(Path::new("src")) {
        if !path.starts_with("src/cli/catalogue") {
            let code = code(&path);
            everything.extend(literals(&code));
            used.extend(codes_used(&code));
        }
    }
    let missing: Vec<&String> = used
        .iter()
        .filter(|code| !known.contains_key(code.as_str()))
        .collect();
    let unused: Vec<&&str> = known
        .keys()
        .filter(|code| !everything.contains(**code))
        .collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "not in the catalogue: {missing:?}\nin the catalogue, and used nowhere: {unused:?}"
    );
    assert!(used.len() > 50, "the source was not read well: {used:?}");
}

/// Codes that only a defect of devinfra leads to: nothing can provoke them but a change to its source.
const DEFECTS: &[&str] = &["internal.panic", "internal.plan"];

/// The suites that run the real binary, and compare the code that it tells.
const PROVOKING: [&str; 3] = ["tests/cli", "tests/scripted", "tests/engine"];

#[test]
fn every_code_is_provoked_in_the_real_binary() {
    let mut compared = BTreeSet::new();
    for path in PROVOKING.iter().flat_map(|room| sources(Path::new(room))) {
        let text = fs::read_to_string(&path).unwrap();
        compared.extend(entries().into_keys().filter(|code| {
            text.contains(&format!("\"{code}\"")) || text.contains(&format!("devinfra%3A {code}::"))
        }));
    }
    let known = entries().into_keys();
    let never: Vec<&str> = known.filter(|code| !compared.contains(code)).collect();
    assert_eq!(never, DEFECTS);
}

#[test]
fn a_code_ends_a_run_with_the_status_that_the_catalogue_says() {
    let known = entries();
    for path in sources(Path::new("src/cli")) {
        let squeezed = code(&path).split_whitespace().collect::<Vec<_>>().join(" ");
        for (at, _) in squeezed.match_indices("Exit::") {
            let rest: String = squeezed
                .get(at + 6..)
                .unwrap_or_default()
                .chars()
                .take(60)
                .collect();
            let Some((exit, after)) = rest.split_once(", \"") else {
                continue;
            };
            let code = after.split('"').next().unwrap_or_default();
            if let Some(entry) = known.get(code) {
                assert_eq!(
                    exit,
                    format!("{:?}", entry.exit),
                    "{code} in {}",
                    path.display()
                );
            }
        }
    }
}

/// What stands in backticks, with placeholders replaced by a word.
fn quoted(literal: &str) -> Vec<String> {
    let parts = literal.split('`').skip(1).step_by(2);
    parts
        .map(|part| {
            let mut plain = String::new();
            let mut depth = 0_u32;
            for letter in part.chars() {
                match letter {
                    '{' => {
                        depth += 1;
                        plain.push('x');
                    }
                    '}' => depth = depth.saturating_sub(1),
                    _ if depth == 0 => plain.push(letter),
                    _ => {}
                }
            }
            plain
        })
        .collect()
}

fn everything_said() -> Vec<(PathBuf, String)> {
    let mut said = Vec::new();
    for path in sources(Path::new("src")) {
        for literal in literals(&code(&path)) {
            let parts = quoted(&literal);
            said.extend(parts.into_iter().map(|part| (path.clone(), part)));
        }
    }
    said
}

#[test]
fn every_devinfra_command_that_a_message_names_can_be_run() {
    let mut seen = 0;
    for (path, command) in everything_said() {
        let words: Vec<&str> = command.split_whitespace().collect();
        // A command whose very name is filled in can't be told here.
        if words.first() != Some(&"devinfra") || words.get(1).is_none_or(|name| *name == "x") {
            continue;
        }
        seen += 1;
        let words = words.iter().map(|word| word.replace("SERVICE", "x"));
        // Help and versions are answers.
        if let Err(error) = Args::try_parse_from(words)
            && error.use_stderr()
        {
            panic!("{}: `{command}`: {error}", path.display());
        }
    }
    assert!(seen > 10, "the source was not read well: {seen} commands");
}

#[test]
fn every_option_that_a_message_names_exists() {
    let command = Args::command();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let commands = [&command].into_iter().chain(command.get_subcommands());
    let nested = command
        .get_subcommands()
        .flat_map(clap::Command::get_subcommands);
    for command in commands.chain(nested) {
        known.extend(
            command
                .get_arguments()
                .filter_map(|argument| argument.get_long())
                .map(str::to_owned),
        );
    }
    // Those of Valkey's command line, which stack files have, and of the build.
    let others = [
        "appendonly",
        "dir",
        "features",
        "help",
        "maxmemory",
        "maxmemory-policy",
        "requirepass",
        "save",
    ];
    for (path, said) in everything_said() {
        let Some(option) = said.strip_prefix("--").filter(|option| !option.is_empty()) else {
            continue;
        };
        let name = option.split([' ', '=']).next().unwrap_or_default();
        assert!(
            known.contains(name) || others.contains(&name),
            "{} names `{said}`",
            path.display()
        );
    }
}

/// The keys that the JSON Schema of stack files has, at any depth.
fn settings(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.extend(properties.keys().cloned());
            }
            fields.values().for_each(|field| settings(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| settings(item, found)),
        _ => {}
    }
}

/// Where hints are written: failures, checks of the cache, and `doctor`.
const HINTS: [&str; 4] = [
    "src/cli/error",
    "src/cache/checks",
    "src/flow/doctor.rs",
    "src/cli/commands/doctor.rs",
];

/// What hints name in backticks that is no key: a command, and programs.
const OTHER_WORDS: [&str; 7] = ["reset", "df", "kill", "pg_dumpall", "sh", "ss", "sudo"];

#[test]
fn every_setting_that_a_hint_names_is_a_key_of_stack_files() {
    let mut known = BTreeSet::new();
    let schema = fs::read_to_string("schema/devinfra.json").unwrap();
    settings(&serde_json::from_str(&schema).unwrap(), &mut known);
    // The schema leaves the long form of a mount to the reader.
    known.extend(literals(&code(Path::new("src/stack_file/lower/mounts.rs"))));
    let (mut seen, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    for (path, said) in everything_said() {
        if !HINTS.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        let key = said.split([':', ' ']).next().unwrap_or_default();
        let is_key = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        // A lone `x` stands for what is filled in.
        if key.len() < 2
            || !key.chars().all(is_key)
            || ["devinfra", "docker", "podman"].contains(&key)
        {
            continue;
        }
        let is_another = OTHER_WORDS.contains(&key) || said.contains("://");
        if known.contains(key) {
            seen.insert(key.to_owned());
        } else if !is_another {
            wrong.insert(format!("{} names `{said}`", path.display()));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
    assert!(seen.len() > 10, "the source was not read well: {seen:?}");
}

/// Checks that a finding refers to by name.
#[test]
fn every_check_that_a_finding_names_exists() {
    let mut known = BTreeSet::new();
    let mut named = Vec::new();
    for path in sources(Path::new("src/cache")) {
        let code = code(&path);
        known.extend(literals(&code));
        for literal in literals(&code) {
            named.extend(
                quoted(&literal)
                    .into_iter()
                    .filter(|one| is_code_shaped(one)),
            );
        }
    }
    assert!(!named.is_empty(), "the source was not read well");
    for name in named {
        assert!(known.contains(&name), "there is no check `{name}`");
    }
}

#[test]
fn every_docker_command_that_a_message_names_exists() {
    const KNOWN: &[&str] = &[
        "build", "context", "exec", "login", "logs", "network", "ps", "pull", "rm", "run", "start",
        "stop", "system", "volume",
    ];
    for (path, said) in everything_said() {
        if let Some(rest) = said.strip_prefix("docker ") {
            let name = rest.split_whitespace().next().unwrap_or_default();
            assert!(KNOWN.contains(&name), "{} names `{said}`", path.display());
        }
    }
}
