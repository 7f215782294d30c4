//! Names of stacks and services, by the rules of the Compose Specification.

use std::fmt;

/// The name of a stack: Compose's project name, `[a-z0-9][a-z0-9_-]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackName(String);

/// The name of a service inside a stack file: `[a-zA-Z0-9][a-zA-Z0-9._-]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

/// Why a name is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no character in it.
    #[error("name is empty")]
    Empty,
    /// The first character is one that may only follow others.
    #[error("name starts with `{found}`, but must start with {allowed}")]
    Start {
        /// The first character.
        found: char,
        /// The rule.
        allowed: &'static str,
    },
    /// A character that no name has.
    #[error("name contains `{found}`, but may only contain {allowed}")]
    Character {
        /// The character.
        found: char,
        /// The rule.
        allowed: &'static str,
    },
}

fn check(
    text: &str,
    start: fn(char) -> bool,
    start_rule: &'static str,
    rest: fn(char) -> bool,
    rest_rule: &'static str,
) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if let Some(found) = text.chars().find(|&found| !rest(found)) {
        return Err(NameError::Character {
            found,
            allowed: rest_rule,
        });
    }
    if !start(first) {
        return Err(NameError::Start {
            found: first,
            allowed: start_rule,
        });
    }
    Ok(())
}

impl StackName {
    /// Takes a name as it is.
    ///
    /// # Errors
    ///
    /// When the name breaks Compose's rule for project names.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(
            &text,
            |first| first.is_ascii_lowercase() || first.is_ascii_digit(),
            "`a-z` or `0-9`",
            |found| {
                found.is_ascii_lowercase() || found.is_ascii_digit() || matches!(found, '_' | '-')
            },
            "`a-z`, `0-9`, `_` and `-`",
        )?;
        Ok(Self(text))
    }

    /// Makes a name of a directory's, as Compose does: lower case, everything else dropped.
    ///
    /// Returns `None` when nothing is left of it.
    pub fn from_directory_name(text: &str) -> Option<Self> {
        let kept: String = text
            .to_lowercase()
            .chars()
            .filter(|&kept| {
                kept.is_ascii_lowercase() || kept.is_ascii_digit() || matches!(kept, '_' | '-')
            })
            .collect();
        Self::new(kept.trim_start_matches(['_', '-'])).ok()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ServiceName {
    /// The name of what does something for this service, and is none of the stack file's.
    #[must_use]
    pub fn helper(&self) -> Self {
        Self(format!("{}-devinfra-helper", self.0))
    }

    /// Takes a name as it is.
    ///
    /// # Errors
    ///
    /// When the name has a character that Compose refuses in service names.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(
            &text,
            |first| first.is_ascii_alphanumeric(),
            "`a-z`, `A-Z` or `0-9`",
            |found| found.is_ascii_alphanumeric() || matches!(found, '.' | '_' | '-'),
            "`a-z`, `A-Z`, `0-9`, `.`, `_` and `-`",
        )?;
        Ok(Self(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_keeps_composes_rule() {
        assert!(StackName::new("kohakuhub-dev").is_ok());
        assert_eq!(StackName::new(""), Err(NameError::Empty));
        assert_eq!(
            StackName::new("Hub").unwrap_err().to_string(),
            "name contains `H`, but may only contain `a-z`, `0-9`, `_` and `-`"
        );
        assert_eq!(
            StackName::new("-hub").unwrap_err().to_string(),
            "name starts with `-`, but must start with `a-z` or `0-9`"
        );
    }

    #[test]
    fn a_directory_name_becomes_a_stack_name() {
        let name = StackName::from_directory_name("_My Project.2").unwrap();
        assert_eq!(name.as_str(), "myproject2");
        assert_eq!(StackName::from_directory_name("日本"), None);
    }
}
