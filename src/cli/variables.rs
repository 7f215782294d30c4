//! Variables as shells, env files and CI systems read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::model::Secret;
use crate::stack_file::quote_dotenv;

/// `export NAME='value'`, for `eval` in every POSIX shell.
pub(super) fn shell(values: &BTreeMap<String, Secret>) -> String {
    lines(values, |text, name, value| {
        let value = value.replace('\'', r"'\''");
        writeln!(text, "export {name}='{value}'").ok(); // a String takes everything
    })
}

/// `NAME=value`, quoted so that shells, Compose and devinfra itself read the same.
pub(super) fn dotenv(values: &BTreeMap<String, Secret>) -> String {
    lines(values, |text, name, value| {
        writeln!(text, "{name}={}", quote_dotenv(value)).ok();
    })
}

/// An object of names and values.
pub(super) fn json(values: &BTreeMap<String, Secret>) -> Value {
    let values = values.iter();
    values
        .map(|(name, value)| (name.clone(), Value::from(value.reveal())))
        .collect()
}

/// `NAME<<delimiter`, value and delimiter on lines of their own: what a job's `GITHUB_ENV` takes.
///
/// See <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
pub(super) fn github(values: &BTreeMap<String, Secret>) -> String {
    lines(values, |text, name, value| {
        let delimiter = delimiter(value);
        writeln!(text, "{name}<<{delimiter}\n{value}\n{delimiter}").ok();
    })
}

/// Commands that keep secrets out of the job's log, line by line since the log is read by lines.
pub(super) fn github_masks(secrets: &BTreeSet<Secret>) -> String {
    let mut text = String::new();
    let lines = secrets.iter().flat_map(|secret| secret.reveal().lines());
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let escaped = line.replace('%', "%25").replace('\r', "%0D");
        writeln!(text, "::add-mask::{escaped}").ok();
    }
    text
}

fn lines(values: &BTreeMap<String, Secret>, write: impl Fn(&mut String, &str, &str)) -> String {
    let mut text = String::new();
    for (name, value) in values {
        write(&mut text, name, value.reveal());
    }
    text
}

/// A line that the value does not have.
fn delimiter(value: &str) -> String {
    let mut delimiter = "DEVINFRA_EOF".to_owned();
    while value.contains(&delimiter) {
        delimiter.push('_');
    }
    delimiter
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::stack_file::parse_dotenv;

    fn one(value: &str) -> BTreeMap<String, Secret> {
        [("A".to_owned(), Secret::new(value))].into()
    }

    /// What the script prints, which gets the text as its first argument.
    fn bash(script: &str, text: &str) -> String {
        let arguments = ["-c", script, "bash", text];
        let output = Command::new("bash").args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The value of `A` that a job would see.
    fn github_reads(text: &str) -> String {
        let (first, rest) = text.split_once('\n').unwrap();
        let delimiter = first.strip_prefix("A<<").unwrap();
        let end = format!("\n{delimiter}\n");
        rest.split_once(&end).unwrap().0.to_owned()
    }

    /// What devinfra itself reads of an env file.
    fn own_reader(text: &str) -> String {
        let mut read = parse_dotenv(text, &BTreeMap::new()).unwrap();
        read.remove("A").unwrap()
    }

    fn json_reads(values: &Value) -> String {
        let read: Value = serde_json::from_str(&values.to_string()).unwrap();
        read["A"].as_str().unwrap().to_owned()
    }

    const TRICKY: [&str; 9] = [
        "plain",
        "",
        "it's \"quoted\" $HOME `id` $(id) \\ \\\\ \\n",
        "two\nlines\n\nand more\n",
        "  blanks around  ",
        "grüße, 世界",
        "#no comment # at all",
        "'",
        "DEVINFRA_EOF\nDEVINFRA_EOF_",
    ];

    #[test]
    fn tricky_values_survive_every_format() {
        for value in TRICKY {
            let values = one(value);
            let echo = "printf %s \"$A\"";
            // As people are told to: command substitution takes away newlines at the end.
            let evaluate = format!("out=$(printf %s \"$1\") && eval \"$out\" && {echo}");
            assert_eq!(bash(&evaluate, &shell(&values)), value);
            let source = format!("set -a; . <(printf %s \"$1\"); {echo}");
            assert_eq!(bash(&source, &dotenv(&values)), value);
            assert_eq!(own_reader(&dotenv(&values)), value);
            assert_eq!(json_reads(&json(&values)), value);
            assert_eq!(github_reads(&github(&values)), value);
        }
    }

    #[test]
    fn masks_are_written_line_by_line_and_escaped() {
        let secrets = ["100%", "a\nb", ""].map(Secret::from).into();
        assert_eq!(
            github_masks(&secrets),
            "::add-mask::100%25\n::add-mask::a\n::add-mask::b\n"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_value_survives_the_shell(value in "[^\0]{0,40}") {
            let evaluate = "eval \"$1\" && printf %s \"$A\"";
            prop_assert_eq!(bash(evaluate, &shell(&one(&value))), value);
        }

        #[test]
        fn every_value_survives_an_env_file_in_the_shell(value in "[^\0\r]{0,40}") {
            let source = "eval \"$1\" && printf %s \"$A\"";
            prop_assert_eq!(bash(source, &dotenv(&one(&value))), value);
        }

        #[test]
        fn every_value_survives_devinfras_own_reader_and_json(value in "[^\0]{0,40}") {
            prop_assert_eq!(own_reader(&dotenv(&one(&value))), value.clone());
            prop_assert_eq!(json_reads(&json(&one(&value))), value);
        }

        #[test]
        fn every_value_survives_a_job(value in "[^\0\r]{0,40}") {
            prop_assert_eq!(github_reads(&github(&one(&value))), value);
        }
    }
}
