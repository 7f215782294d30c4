//! What the application is told of a service: variables, with placeholders such as `{url}`.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::mem;

use super::Kind;

/// Environment variables for the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exports {
    /// Where the service is up.
    pub with: BTreeMap<VariableName, Template>,
    /// Where it is left out or not up.
    pub without: BTreeMap<VariableName, String>,
}

/// A variable's name that every shell takes: `[A-Za-z_][A-Za-z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariableName(String);

/// A value with placeholders: `{url}`, and `{{` and `}}` for the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

/// Why a variable is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// A name that no shell takes.
    #[error(
        "`{0}` is no name of a variable: it has letters, digits and `_` only, and no digit in front"
    )]
    Name(String),
    /// A brace that is not closed.
    #[error("a `{{` has no `}}`; a brace itself is written twice")]
    Unclosed,
}

impl VariableName {
    /// Takes a name as it is.
    ///
    /// # Errors
    ///
    /// When it is one that no shell takes.
    pub fn new(text: impl Into<String>) -> Result<Self, VariableError> {
        let text = text.into();
        let takes = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let starts_well = text.starts_with(|first: char| takes(first) && !first.is_ascii_digit());
        if starts_well && text.chars().all(takes) {
            Ok(Self(text))
        } else {
            Err(VariableError::Name(text))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Template {
    /// Reads a text with placeholders. Whether a kind of service has them is not asked here.
    ///
    /// # Errors
    ///
    /// When a placeholder is not closed.
    pub fn parse(text: impl Into<String>) -> Result<Self, VariableError> {
        let source = text.into();
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = source.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(inside) = from.strip_prefix('{') {
                let (name, after) = inside.split_once('}').ok_or(VariableError::Unclosed)?;
                parts.push(Part::Text(mem::take(&mut plain)));
                parts.push(Part::Placeholder(name.to_owned()));
                rest = after;
            } else {
                plain.push('}');
                let after = from.strip_prefix("}}").or_else(|| from.strip_prefix('}'));
                rest = after.unwrap_or_default();
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self { source, parts })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The names of its placeholders, in their order.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with its placeholders replaced.
    ///
    /// # Errors
    ///
    /// The first placeholder that `value` does not have.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, &str> {
        let mut filled = String::new();
        for part in &self.parts {
            filled.push_str(match part {
                Part::Text(text) => text,
                Part::Placeholder(name) => value(name).ok_or(name.as_str())?,
            });
        }
        Ok(filled)
    }
}

impl Kind {
    /// The placeholders that a published service of this kind can have.
    pub fn placeholders(&self) -> &'static [&'static str] {
        match self {
            Self::Postgres(_) | Self::Valkey(_) => {
                &["host", "port", "url", "user", "password", "database"]
            }
            Self::S3(_) => &[
                "host",
                "port",
                "url",
                "endpoint",
                "access_key",
                "secret_key",
                "region",
                "bucket",
            ],
            Self::Lakefs(_) => &[
                "host",
                "port",
                "url",
                "endpoint",
                "access_key",
                "secret_key",
            ],
            Self::Http(_) => &["host", "port", "url", "endpoint"],
            Self::Tcp(_) => &["host", "port", "url"],
            Self::Exec(_) | Self::Healthcheck | Self::Process => &["host", "port"],
        }
    }

    /// The option that is not given and that this placeholder stands for, where that is so.
    pub fn lacks(&self, placeholder: &str) -> Option<&'static str> {
        match (self, placeholder) {
            (Self::Valkey(options), "user") if options.username.is_none() => Some("user"),
            (Self::Valkey(options), "password") if options.password.is_none() => Some("password"),
            (Self::S3(options), "bucket") if options.bucket.is_none() => Some("bucket"),
            (Self::Lakefs(options), "access_key" | "secret_key")
                if options.credentials_file.is_none() =>
            {
                Some("credentials_file")
            }
            _ => None,
        }
    }
}

impl Borrow<str> for VariableName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let template = Template::parse(text).map_err(|error| error.to_string())?;
        let value = |name: &str| match name {
            "host" => Some("127.0.0.1"),
            "port" => Some("99"),
            _ => None,
        };
        template.fill(value).map_err(str::to_owned)
    }

    #[test]
    fn placeholders_are_replaced_and_doubled_braces_kept() {
        assert_eq!(filled("{host}:{port}").unwrap(), "127.0.0.1:99");
        assert_eq!(filled("{{{port}}}").unwrap(), "{99}");
        assert_eq!(filled("plain").unwrap(), "plain");
        assert_eq!(filled("a } b").unwrap(), "a } b");
        assert_eq!(filled("").unwrap(), "");
        assert_eq!(filled("{port} {bucket}").unwrap_err(), "bucket");
        assert_eq!(
            filled("{host").unwrap_err(),
            "a `{` has no `}`; a brace itself is written twice"
        );
    }

    #[test]
    fn a_name_that_no_shell_takes_is_refused() {
        for name in ["", "1A", "A-B", "A B", "A;id", "Ä"] {
            assert!(VariableName::new(name).is_err(), "{name}");
        }
        assert_eq!(VariableName::new("_a1").unwrap().as_str(), "_a1");
    }
}
