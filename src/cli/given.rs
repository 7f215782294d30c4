//! The options that a person gave to say which stack is meant: commands in hints need them too.

use std::path::Path;

use super::args::global::Global;
use crate::cache::Finding;
use crate::engine::without_password;
use crate::model::shell_word;

/// Commands that are about a stack.
const OF_A_STACK: [&str; 15] = [
    "up",
    "down",
    "reset",
    "status",
    "ps",
    "doctor",
    "logs",
    "env",
    "run",
    "cache",
    "exec",
    "psql",
    "valkey-cli",
    "config",
    "report",
];

/// What was given, as it would be typed again: `--file other.yaml --name shop`.
#[derive(Debug, Default)]
pub(super) struct Given(String);

impl Given {
    pub(super) fn new(global: &Global) -> Self {
        let path = |path: &Path| path.display().to_string();
        let mut options: Vec<(&str, String)> = Vec::new();
        let files = global.files.iter();
        options.extend(files.map(|file| ("--file", file.clone())));
        let directory = global.project_directory.as_deref();
        options.extend(directory.map(|one| ("--project-directory", path(one))));
        let name = global.name.as_ref();
        options.extend(name.map(|name| ("--name", name.to_string())));
        let files = global.env_files.iter();
        options.extend(files.map(|file| ("--env-file", path(file))));
        let profiles = global.profiles.iter();
        options.extend(profiles.map(|profile| ("--profile", profile.clone())));
        let hosts = global.host.iter();
        options.extend(hosts.map(|host| ("--host", without_password(host))));
        let context = global.context.iter();
        options.extend(context.map(|context| ("--context", context.clone())));
        let words = options
            .iter()
            .map(|(option, value)| format!("{option} {}", shell_word(value)));
        Self(words.collect::<Vec<_>>().join(" "))
    }

    /// A hint whose commands mean the same stack as this run.
    pub(super) fn repeated_in(&self, hint: &str) -> String {
        const BEFORE: &str = "`devinfra ";
        if self.0.is_empty() {
            return hint.to_owned();
        }
        let mut parts = hint.split(BEFORE);
        let mut repeated = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            repeated.push_str(BEFORE);
            let command = part.split([' ', '`']).next().unwrap_or_default();
            if OF_A_STACK.contains(&command) {
                repeated.push_str(&self.0);
                repeated.push(' ');
            }
            repeated.push_str(part);
        }
        repeated
    }

    /// Findings with such hints.
    pub(super) fn repeated_in_findings(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let findings = findings.into_iter();
        let repeated = findings.map(|found| Finding {
            hint: found.hint.map(|hint| self.repeated_in(&hint)),
            ..found
        });
        repeated.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_about_a_stack_have_the_options_again_and_others_have_not() {
        let given = Given("--name shop".to_owned());
        for (hint, repeated) in [
            ("run `devinfra up`", "run `devinfra --name shop up`"),
            (
                "`devinfra logs db`, or `devinfra down db`",
                "`devinfra --name shop logs db`, or `devinfra --name shop down db`",
            ),
            ("`devinfra init --list`", "`devinfra init --list`"),
            (
                "`devinfra --project-directory x down`",
                "`devinfra --project-directory x down`",
            ),
            ("devinfra is fine", "devinfra is fine"),
        ] {
            assert_eq!(given.repeated_in(hint), repeated);
            assert_eq!(Given::default().repeated_in(hint), hint);
        }
    }
}
