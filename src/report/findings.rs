//! The findings of the cache checks, for people and for scripts.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::cache::{Finding, Status, is_ok};

/// So many checks that are skipped for one reason take one line.
const MANY: usize = 3;

/// Findings as people read them: a line each, and below it what is wrong and what to do.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a>(pub &'a [Finding]);

impl Findings<'_> {
    /// The findings without the summary.
    pub fn lines(&self) -> String {
        let names = self.0.iter().map(|found| found.check.len());
        let width = names.max().unwrap_or_default();
        let mut text = String::new();
        let mut told = Vec::new();
        for found in self.0 {
            let alike = self.alike(found);
            if alike < MANY {
                line(&mut text, found, width).ok(); // a String takes everything
            } else if !told.contains(&&found.message) {
                let name = format!("{alike} checks");
                let (sign, style) = sign(found.status);
                let message = &found.message;
                writeln!(text, "{style}{sign}{style:#} {name:width$}  {message}").ok();
                told.push(&found.message);
            }
        }
        text
    }

    /// How many are skipped for the same reason as this one; none where it is not skipped.
    fn alike(&self, found: &Finding) -> usize {
        if found.status != Status::Skip {
            return 0;
        }
        let same = |one: &&Finding| one.status == Status::Skip && one.message == found.message;
        self.0.iter().filter(same).count()
    }

    /// How many went how: "13 passed, 1 failed".
    pub fn summary(&self) -> String {
        let kinds = [
            (Status::Pass, "passed"),
            (Status::Warn, "worth a look"),
            (Status::Fail, "failed"),
            (Status::Skip, "skipped"),
        ];
        let counts = kinds.iter().filter_map(|(status, word)| {
            let number = self.0.iter().filter(|one| one.status == *status).count();
            (number > 0).then(|| format!("{number} {word}"))
        });
        counts.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{}", self.lines(), self.summary())
    }
}

fn line(f: &mut impl Write, found: &Finding, width: usize) -> fmt::Result {
    let (sign, style) = sign(found.status);
    let name = found.check;
    writeln!(f, "{style}{sign}{style:#} {name:width$}  {}", found.message)?;
    if !matches!(found.status, Status::Warn | Status::Fail) {
        return Ok(());
    }
    let indent = width + 4;
    let dim = Style::new().dimmed();
    if let (Some(expected), Some(actual)) = (&found.expected, &found.actual) {
        writeln!(f, "{:indent$}{dim}expected{dim:#} {expected}", "")?;
        writeln!(f, "{:indent$}{dim}actual{dim:#}   {actual}", "")?;
    }
    if let Some(meaning) = &found.meaning {
        writeln!(f, "{:indent$}{dim}means{dim:#}    {meaning}", "")?;
    }
    if let Some(hint) = &found.hint {
        let cyan = AnsiColor::Cyan.on_default().bold();
        writeln!(f, "{:indent$}{cyan}hint{cyan:#}     {hint}", "")?;
    }
    Ok(())
}

fn sign(status: Status) -> (char, Style) {
    match status {
        Status::Pass => ('✔', AnsiColor::Green.on_default()),
        Status::Warn => ('!', AnsiColor::Yellow.on_default().bold()),
        Status::Fail => ('✘', AnsiColor::Red.on_default().bold()),
        Status::Skip => ('-', Style::new().dimmed()),
    }
}

/// Findings as the JSON document of `cache check`.
pub fn findings_json(service: &str, findings: &[Finding]) -> Value {
    let all = as_values(findings);
    json!({"schema": 1, "service": service, "ok": is_ok(findings), "findings": all})
}

/// Findings as the JSON document of `doctor`.
pub fn checkup_json(findings: &[Finding]) -> Value {
    json!({"schema": 1, "ok": is_ok(findings), "findings": as_values(findings)})
}

fn as_values(findings: &[Finding]) -> Vec<Value> {
    findings
        .iter()
        .map(|found| {
            json!({
                "check": found.check,
                "status": found.status.word(),
                "message": found.message,
                "expected": found.expected,
                "actual": found.actual,
                "meaning": found.meaning,
                "hint": found.hint,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn found(check: &'static str, status: Status) -> Finding {
        Finding {
            check,
            status,
            message: format!("message of {check}"),
            expected: Some("300 100".to_owned()),
            actual: Some("off".to_owned()),
            meaning: Some("a crash costs more".to_owned()),
            hint: None,
        }
    }

    #[test]
    fn only_what_is_not_right_takes_more_than_a_line() {
        let all = [
            found("loading", Status::Pass),
            found("config.save", Status::Fail),
            found("keys.ttl", Status::Skip),
        ];
        let text = strip_str(&Findings(&all).to_string()).to_string();
        insta::assert_snapshot!(text, @r"
        ✔ loading      message of loading
        ✘ config.save  message of config.save
                       expected 300 100
                       actual   off
                       means    a crash costs more
        - keys.ttl     message of keys.ttl
        1 passed, 1 failed, 1 skipped
        ");
    }

    #[test]
    fn what_is_skipped_for_one_reason_takes_one_line() {
        let skipped = |check| Finding {
            message: "not asked".to_owned(),
            ..found(check, Status::Skip)
        };
        let all = [
            found("reachable", Status::Pass),
            skipped("loading"),
            found("exposure", Status::Skip),
            skipped("keys.ttl"),
            skipped("latency"),
        ];
        let text = strip_str(&Findings(&all).to_string()).to_string();
        insta::assert_snapshot!(text, @"
        ✔ reachable  message of reachable
        - 3 checks   not asked
        - exposure   message of exposure
        1 passed, 4 skipped
        ");
    }

    #[test]
    fn scripts_get_the_same_list() {
        let json = findings_json("valkey", &[found("config.save", Status::Warn)]);
        insta::assert_snapshot!(json, @r#"{"schema":1,"service":"valkey","ok":true,"findings":[{"check":"config.save","status":"warn","message":"message of config.save","expected":"300 100","actual":"off","meaning":"a crash costs more","hint":null}]}"#);
    }
}
