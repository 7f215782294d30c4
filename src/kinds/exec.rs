//! A command inside the container that exits with 0.

use super::{Never, Readiness, Target};
use crate::model::ExecProbe;

pub(super) async fn probe(options: &ExecProbe, target: &Target<'_>) -> Readiness {
    match target.engine.exec(target.container, &options.command).await {
        Ok(done) if done.exit_code == 0 => Readiness::Ready,
        // Engines report a command that can't be run as one that ran and exited so.
        Ok(done) if matches!(done.exit_code, 126 | 127) => Readiness::Never(Never::ExecCommand {
            said: last_line(&done.output),
        }),
        Ok(done) => Readiness::NotYet(format!(
            "its probe exits with {}: {}",
            done.exit_code,
            last_line(&done.output)
        )),
        Err(error) => Readiness::NotYet(error.to_string()),
    }
}

fn last_line(output: &str) -> String {
    output
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .to_owned()
}
