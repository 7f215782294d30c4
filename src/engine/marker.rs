//! A mark on a command inside a container, by which it can be sent a signal. Engines have no way to
//! (<https://github.com/moby/moby/issues/9098>), and what they tell of its process is a number of
//! another name space.

use std::fmt::Write as _;

use futures_util::StreamExt as _;

use super::{Engine, EngineError, ExecRequest};
use crate::model::{ContainerId, Secret};

/// The environment variable that holds the mark.
const VARIABLE: &str = "DEVINFRA_EXEC";
/// Sends the signal `$2` to every process with `$1` in its environment: the command, and what it has
/// started. Fails when there is none, or none that its user may look at.
const SCRIPT: &str = r#"
found=1
for process in /proc/[0-9]*; do
  if tr '\0' '\n' <"$process/environ" | grep -qxF "$1"; then
    kill -s "$2" "${process#/proc/}" && found=0
  fi
done 2>/dev/null
exit $found
"#;

/// A mark that no other command has.
#[derive(Debug, Clone)]
pub struct Marker {
    value: String,
    user: Option<String>,
}

impl Marker {
    /// Puts a mark on a command that is about to be attached to. `None` where the system has no
    /// random numbers.
    pub fn on(request: &mut ExecRequest) -> Option<Self> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).ok()?;
        let mut value = String::new();
        for byte in bytes {
            write!(value, "{byte:02x}").ok()?;
        }
        let variable = (VARIABLE.to_owned(), Secret::new(&value));
        request.environment.push(variable);
        Some(Self {
            value,
            user: request.user.clone(),
        })
    }

    /// Sends the command the signal of this name: `TERM`. Returns whether it was there to get it; a
    /// container without a shell has no way to tell.
    ///
    /// # Errors
    ///
    /// As [`Engine::attach`] has them.
    pub async fn signal(
        &self,
        engine: &dyn Engine,
        container: &ContainerId,
        signal: &str,
    ) -> Result<bool, EngineError> {
        let variable = format!("{VARIABLE}={}", self.value);
        let words = ["sh", "-c", SCRIPT, "sh", &variable, signal];
        let request = ExecRequest {
            command: words.map(str::to_owned).into(),
            user: self.user.clone(),
            ..ExecRequest::default()
        };
        let mut attached = engine.attach(container, &request).await?;
        while attached.output.next().await.is_some() {}
        Ok(engine.exec_status(&attached.id).await? == Some(0))
    }
}
