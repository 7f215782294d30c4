//! The JSON Schema that editors read.

use std::fs;

use devinfra::stack_file::SCHEMA;
use devinfra::templates::TEMPLATES;
use jsonschema::Validator;
use serde_json::Value;

use crate::fixtures::{directory, names};

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// What is wrong with a stack file.
fn problems(text: &str) -> Vec<String> {
    let mut stack: serde_yaml::Value =
        serde_yaml::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    stack.apply_merge().unwrap();
    let stack = serde_json::to_value(&stack).unwrap();
    let schema = schema();
    let errors = schema.iter_errors(&stack);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_valid_stack_file_fits_the_schema() {
    for name in names("valid") {
        let text = fs::read_to_string(directory("valid").join(format!("{name}.yaml"))).unwrap();
        assert_eq!(problems(&text), Vec::<String>::new(), "{name}");
    }
    for template in TEMPLATES {
        assert_eq!(
            problems(template.text),
            Vec::<String>::new(),
            "{}",
            template.name
        );
        let first = template.text.lines().next().unwrap();
        let id: Value = serde_json::from_str::<Value>(SCHEMA).unwrap()["$id"].take();
        assert_eq!(
            first,
            format!("# yaml-language-server: $schema={}", id.as_str().unwrap())
        );
    }
}

#[test]
fn a_misspelt_key_does_not() {
    let found = problems("services: {db: {image: postgres, x-devinfra: {knid: postgres}}}");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("knid"), "{found:?}");
    assert!(!problems("services: {db: {build: .}}").is_empty());
}
