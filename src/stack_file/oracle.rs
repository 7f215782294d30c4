//! Our reader held against `serde_yaml`: wherever both take a text, they see the same tree.
//!
//! The exceptions, each on purpose: `serde_yaml` types plain scalars where we keep their words, and
//! knows tags as values where we know two of Compose's. A literal block that ends with the file and
//! without a line end has one for us, so texts end with one here. A byte order mark is a column of its
//! line for them, so they are not shown it.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_yaml::{Number, Value as Yaml};

use super::node::{Node, Scalar, Value};
use super::parse::parse;
use crate::templates::TEMPLATES;

/// Whether our tree and theirs are the same, or where they differ.
fn compare(ours: &Node, theirs: &Yaml) -> Result<(), String> {
    let differ = || Err(format!("{ours:?}\n  is not\n{theirs:?}"));
    match (&ours.value, theirs) {
        (_, Yaml::Tagged(tagged)) => compare(ours, &tagged.value),
        (Value::Null, Yaml::Null) => Ok(()),
        (Value::Scalar(scalar), theirs) if same_scalar(scalar, theirs) => Ok(()),
        (Value::Sequence(ours), Yaml::Sequence(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs);
            pairs.try_for_each(|(ours, theirs)| compare(ours, theirs))
        }
        (Value::Mapping(ours), Yaml::Mapping(theirs)) if ours.len() == theirs.len() => ours
            .iter()
            .try_for_each(|(key, value)| match their_value(theirs, &key.text) {
                Some(theirs) => compare(value, theirs),
                None => Err(format!("{key:?} is not in {theirs:?}")),
            }),
        _ => differ(),
    }
}

/// A plain scalar is a number or a truth value to them, and its words to us.
fn same_scalar(ours: &Scalar, theirs: &Yaml) -> bool {
    match theirs {
        Yaml::String(text) => ours.text == *text,
        Yaml::Bool(value) => ours.plain && ours.text.eq_ignore_ascii_case(&value.to_string()),
        Yaml::Number(number) => ours.plain && number_of(&ours.text).as_ref() == Some(number),
        Yaml::Null | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => false,
    }
}

/// By YAML's own rules, read apart from theirs.
fn number_of(text: &str) -> Option<Number> {
    let digits = text.trim_start_matches(['+', '-']);
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
    let based = radix
        .into_iter()
        .find_map(|(prefix, radix)| i64::from_str_radix(digits.strip_prefix(prefix)?, radix).ok());
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let whole = based.map(|number| sign * number);
    let whole = whole.or_else(|| text.parse::<i64>().ok()).map(Number::from);
    let infinite = match digits {
        ".inf" | ".Inf" | ".INF" => Some(Number::from(
            f64::INFINITY.copysign(f64::from(i8::try_from(sign).ok()?)),
        )),
        ".nan" | ".NaN" | ".NAN" => Some(Number::from(f64::NAN)),
        _ => None,
    };
    whole
        .or_else(|| text.parse::<u64>().ok().map(Number::from))
        .or(infinite)
        .or_else(|| text.parse::<f64>().ok().map(Number::from))
}

/// Their keys are typed too.
fn their_value<'y>(theirs: &'y serde_yaml::Mapping, key: &str) -> Option<&'y Yaml> {
    let scalar = |plain| Scalar {
        text: key.to_owned(),
        plain,
    };
    let mut entries = theirs.iter();
    entries
        .find(|(their_key, _)| same_scalar(&scalar(true), their_key))
        .map(|(_, value)| value)
}

/// Compares where both sides take the text; returns whether they did.
fn both_see(text: &str) -> Result<bool, String> {
    let text = &format!("{text}\n");
    let (ours, problems) = parse(0, text);
    let unmarked = text.trim_start_matches('\u{feff}');
    let theirs = serde_yaml::from_str::<Yaml>(unmarked).and_then(|mut value| {
        value.apply_merge()?;
        Ok(value)
    });
    match (ours, theirs) {
        (Some(ours), Ok(theirs)) if problems.is_empty() => compare(&ours, &theirs).map(|()| true),
        _ => Ok(false),
    }
}

fn fixtures() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/valid");
    let files = fs::read_dir(directory).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        (path.display().to_string(), text)
    });
    let templates = TEMPLATES.iter();
    let templates = templates.map(|one| (one.name.to_owned(), one.text.to_owned()));
    files.chain(templates).collect()
}

#[test]
fn every_valid_fixture_and_template_is_the_same_tree() {
    let fixtures = fixtures();
    assert!(fixtures.len() > TEMPLATES.len());
    for (name, text) in fixtures {
        assert_eq!(both_see(&text), Ok(true), "{name}");
    }
}

/// A piece of YAML, to be put into a fixture.
fn piece() -> impl Strategy<Value = &'static str> {
    let pieces = [
        "a: ", "b", "\n", "\n  ", "\n    - ", "[", "]", "{", "}", ", ", "&x ", "*x", "'", "\"",
        "|\n", ">-\n", " #c", "~", "null", "1.10", "0x1F", "true", "yes", "!!str ", "é", "\\n",
        "? ", ": ", "- ", "%",
    ];
    prop::sample::select(pieces.to_vec())
}

/// Whether there is no plain scalar in it that begins with a colon behind an anchor: `[&x :1]` is a
/// sequence of `:1` by YAML 1.2, and one of a mapping for the oracle.
fn is_read_alike(text: &str) -> bool {
    !text.contains("&x :")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_mutated_fixture_is_the_same_tree_or_refused_by_one(
        (_, fixture) in prop::sample::select(fixtures()),
        at in any::<prop::sample::Index>(),
        dropped in 0_usize..8,
        inserted in prop::collection::vec(piece(), 0..4),
    ) {
        let letters: Vec<char> = fixture.chars().collect();
        let at = at.index(letters.len() + 1);
        let end = (at + dropped).min(letters.len());
        let mutated: String = letters[..at].iter().copied()
            .chain(inserted.concat().chars())
            .chain(letters[end..].iter().copied())
            .collect();
        prop_assume!(is_read_alike(&mutated));
        prop_assert!(both_see(&mutated).is_ok(), "{}", both_see(&mutated).unwrap_err());
    }

    #[test]
    fn a_heap_of_pieces_is_the_same_tree_or_refused_by_one(
        pieces in prop::collection::vec(piece(), 0..20),
    ) {
        let text = pieces.concat();
        prop_assume!(is_read_alike(&text));
        prop_assert!(both_see(&text).is_ok(), "{:?}: {}", text, both_see(&text).unwrap_err());
    }
}
