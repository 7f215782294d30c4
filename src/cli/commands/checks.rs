//! The cache checks at the end of `devinfra up`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Context;
use crate::cache::{Finding, Status, is_ok};
use crate::cli::error::CliError;
use crate::model::{ServiceName, Stack};
use crate::report::{Findings, findings_json};

/// What the checks of each cache found.
pub(super) type Checked = BTreeMap<ServiceName, Vec<Finding>>;

/// A line for each cache that is well, and what is not well of each other.
pub(super) fn tell_checks(context: &Context<'_>, checks: &Checked) {
    for (service, findings) in checks {
        tell(context, service, findings);
    }
}

/// What is merely worth a look is only counted: `up` is not asked for it.
fn tell(context: &Context<'_>, service: &ServiceName, findings: &[Finding]) {
    let failed = |found: &&Finding| found.status == Status::Fail;
    let failed: Vec<Finding> = findings.iter().filter(failed).cloned().collect();
    let summary = Findings(findings).summary();
    let is_warned = findings.iter().any(|found| found.status == Status::Warn);
    let more = if is_warned && failed.is_empty() {
        "; `devinfra cache check` says more"
    } else {
        ""
    };
    let more = context.output.given.repeated_in(more);
    context
        .output
        .say(format_args!("{service}: cache checks: {summary}{more}"));
    if !failed.is_empty() {
        context.output.say(Findings(&failed).lines().trim_end());
    }
}

/// The failure of the first cache that is required and fails a check.
pub(super) fn failed_check(stack: &Stack, checks: &Checked) -> Option<CliError> {
    checks.iter().find_map(|(name, findings)| {
        let is_required = stack.services.get(name).is_some_and(|one| one.required);
        let failed = findings
            .iter()
            .filter(|found| found.status == Status::Fail)
            .map(|found| found.check);
        (is_required && !is_ok(findings)).then(|| CliError::cache_checks(name, failed))
    })
}

/// Caches that run and fail a check, where the stack can do without them: as good as left out.
pub(super) fn unsound<'a>(
    stack: &'a Stack,
    checks: &'a Checked,
) -> impl Iterator<Item = &'a ServiceName> {
    let unsound = checks.iter().filter(|(name, findings)| {
        let service = stack.services.get(*name);
        !is_ok(findings) && service.is_some_and(|service| !service.required)
    });
    unsound.map(|(name, _)| name)
}

/// The findings as the `cache` field of the result.
pub(super) fn checks_json(checks: &Checked) -> Value {
    let each = checks.iter();
    each.map(|(name, findings)| findings_json(name.as_str(), findings))
        .collect()
}
