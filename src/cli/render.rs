//! One failure, for people and for scripts.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::error::CliError;
use crate::report::annotation;

/// The failure as people read it: what, why, the evidence, and what to do.
pub(super) fn for_people(error: &CliError) -> String {
    let red = AnsiColor::Red.on_default().bold();
    let cyan = AnsiColor::Cyan.on_default().bold();
    let dim = Style::new().dimmed();
    let mut text = String::new();
    if let Some(rendered) = &error.rendered {
        text.push_str(rendered.trim_end());
        return text;
    }
    write!(text, "{red}error{red:#}: {}", error.message).ok(); // a String takes everything
    for cause in &error.causes {
        write!(text, "\n  Caused by: {cause}").ok();
    }
    if !error.log.is_empty() {
        let whose = error.service.as_deref().unwrap_or("the container");
        write!(text, "\n  Last lines of the log of `{whose}`:").ok();
        for line in &error.log {
            write!(text, "\n  {dim}|{dim:#} {line}").ok();
        }
    }
    for hint in &error.hints {
        write!(text, "\n{cyan}hint{cyan:#}: {hint}").ok();
    }
    text
}

/// The failure as an annotation of a GitHub Actions run, which is shown far from the log.
pub(super) fn for_github(error: &CliError) -> String {
    let causes = error
        .causes
        .iter()
        .map(|cause| format!("caused by: {cause}"));
    let hints = error.hints.iter().map(|hint| format!("hint: {hint}"));
    let first = [error.message.clone()].into_iter();
    let lines: Vec<String> = first.chain(causes).chain(hints).collect();
    annotation(
        "error",
        &format!("devinfra: {}", error.code),
        &lines.join("\n"),
    )
}

/// The failure as the `error` field of a result.
pub(super) fn for_scripts(error: &CliError) -> Value {
    json!({
        "code": error.code,
        "message": error.message,
        "causes": error.causes,
        "hints": error.hints,
        "service": error.service,
        "log": error.log,
    })
}
