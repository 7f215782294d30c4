//! Any text is read or refused, and nothing panics.

use std::collections::BTreeMap;
use std::fs;

use devinfra::model::Stack;
use devinfra::stack_file::{Secrets, parse_dotenv, quote_dotenv, resolved, to_yaml};
use devinfra::templates::TEMPLATES;
use proptest::prelude::*;

use crate::fixtures::{directory, names};
use crate::world::World;

/// Reads a text as a stack file; what comes out, either way, must be shown without a panic.
fn shown(text: &[u8]) -> String {
    World::new()
        .file("devinfra.yaml", text)
        .config(Secrets::Redacted)
}

/// All fixtures and templates, to be mutated.
fn fixtures() -> Vec<Vec<u8>> {
    let files = ["valid", "invalid"].map(|kind| {
        let names = names(kind).into_iter();
        names.map(move |name| fs::read(directory(kind).join(name + ".yaml")).unwrap())
    });
    let templates = TEMPLATES.iter().map(|one| one.text.as_bytes().to_vec());
    files.into_iter().flatten().chain(templates).collect()
}

/// A piece of text that means something in YAML or in a stack file.
fn piece() -> impl Strategy<Value = &'static str> {
    let pieces = [
        "services", "image", "x", ": ", ":", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}",
        ", ", "&a ", "*a", "<<: ", "!reset ", "!!str ", "'", "\"", "|\n", ">-\n", "# ", "$", "${",
        "}", ":-", "\t", "\r\n", "---\n", "? ", "é", "\u{feff}", "0", "~", "ports", "80:80",
        "volumes", "./a:/a", "%YAML",
    ];
    prop::sample::select(pieces.to_vec())
}

/// As a double-quoted scalar, with nothing in it that is not printable ASCII.
fn escaped(value: &str) -> String {
    let doubled = value.replace('$', "$$");
    let letters = doubled.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        ' '..='~' => letter.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    });
    format!("\"{}\"", letters.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!shown(&bytes).is_empty());
    }

    #[test]
    fn any_heap_of_pieces_is_read_or_refused(pieces in prop::collection::vec(piece(), 0..60)) {
        prop_assert!(!shown(pieces.concat().as_bytes()).is_empty());
    }

    #[test]
    fn a_mutated_fixture_is_read_or_refused(
        fixture in prop::sample::select(fixtures()),
        at in any::<prop::sample::Index>(),
        dropped in 0_usize..20,
        inserted in prop::collection::vec(piece(), 0..3),
    ) {
        let at = at.index(fixture.len() + 1);
        let end = (at + dropped).min(fixture.len());
        let mut mutated = fixture;
        mutated.splice(at..end, inserted.concat().into_bytes());
        prop_assert!(!shown(&mutated).is_empty());
    }

    #[test]
    fn values_survive_being_written_and_read(value in "[^\\x00]{0,40}") {
        let text = format!("services: {{app: {{image: i, labels: {{l: {}}}}}}}", escaped(&value));
        let world = World::new().stack(&text);
        let stack = world.load().unwrap().stack;
        let again = World::new().stack(&to_yaml(&resolved(&stack, Secrets::Shown)));
        let label = |stack: Stack| {
            stack.services.into_values().next().map(|one| one.container.labels["l"].clone())
        };
        prop_assert_eq!(label(again.load().unwrap().stack), Some(value));
    }

    #[test]
    fn a_quoted_value_reads_as_it_was(value in "[^\\x00\\u{fdd0}\\u{fdd1}]{0,40}") {
        let found = parse_dotenv(&format!("A={}\n", quote_dotenv(&value)), &BTreeMap::new());
        prop_assert_eq!(found, Ok([("A".to_owned(), value)].into()));
    }

    #[test]
    fn any_env_file_is_read_or_refused(text in "([A-C=:'\"$\\{\\}\\\\# \n`()]|\\PC){0,60}") {
        parse_dotenv(&text, &BTreeMap::new()).ok();
    }

    #[test]
    fn any_variable_is_replaced_or_refused(text in "([A-C$:?+{}-]|\\PC){0,40}") {
        let text = serde_json::to_string(&text).unwrap();
        let stack = format!("services: {{app: {{image: i, user: {text}}}}}");
        prop_assert!(!shown(stack.as_bytes()).is_empty());
    }
}
