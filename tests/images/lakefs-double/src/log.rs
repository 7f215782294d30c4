//! Log lines as LakeFS writes them: on stdout, in the text form of Go's logrus.

use std::fmt::Write as _;
use std::io::{Write as _, stdout};

use jiff::Timestamp;

/// How much a line matters; a logger drops what lies below its own level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
    Fatal,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// Writes the lines of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) least: Level,
    pub(crate) format: Format,
}

/// The two forms of `LAKEFS_LOGGING_FORMAT`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Log {
    /// Reads `LAKEFS_LOGGING_LEVEL` and `LAKEFS_LOGGING_FORMAT`; what it does not know is the
    /// default.
    pub(crate) fn new(level: &str, format: &str) -> Self {
        let least = match level.to_ascii_lowercase().as_str() {
            "warn" | "warning" => Level::Warning,
            "error" => Level::Error,
            "fatal" | "panic" => Level::Fatal,
            _ => Level::Info,
        };
        let format = if format.eq_ignore_ascii_case("json") {
            Format::Json
        } else {
            Format::Text
        };
        Self { least, format }
    }

    /// Writes a line. A closed stdout is nobody's loss, so a failed write is left alone.
    pub(crate) fn line(self, level: Level, message: &str, fields: &[(&str, &str)]) {
        if level < self.least {
            return;
        }
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let line = match self.format {
            Format::Text => text(&time, level, message, fields),
            Format::Json => json(&time, level, message, fields),
        };
        stdout().lock().write_all(line.as_bytes()).ok();
    }
}

fn text(time: &str, level: Level, message: &str, fields: &[(&str, &str)]) -> String {
    let mut line = format!(
        "time=\"{time}\" level={} msg={}",
        level.name(),
        quoted(message)
    );
    for (key, value) in fields {
        write!(line, " {key}={}", quoted(value)).ok();
    }
    line.push('\n');
    line
}

fn json(time: &str, level: Level, message: &str, fields: &[(&str, &str)]) -> String {
    let mut object = serde_json::Map::new();
    for (key, value) in [("level", level.name()), ("msg", message), ("time", time)]
        .iter()
        .chain(fields)
    {
        object.insert((*key).to_owned(), (*value).into());
    }
    format!("{}\n", serde_json::Value::Object(object))
}

/// Quotes a value where logrus does: unless it consists of letters, digits and `-._/@^+`.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/@^+".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from('"');
    for character in value.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
