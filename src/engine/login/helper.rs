//! Credential helpers: programs that keep logins, and are asked for them.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::{Login, LoginError, Proof};
use crate::model::Secret;

/// How long a helper may take: one that asks somebody has nobody to ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// The name that a helper gives when what it has is a token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// What the helper of this name has for a server.
pub(super) async fn ask(name: &str, server: &str) -> Result<Option<Login>, LoginError> {
    asked(&format!("docker-credential-{name}"), server, PATIENCE).await
}

async fn asked(
    helper: &str,
    server: &str,
    patience: Duration,
) -> Result<Option<Login>, LoginError> {
    let run = timeout(patience, run(helper, server)).await;
    let ran = run.map_err(|_elapsed| LoginError::Silent {
        helper: helper.to_owned(),
        waited: patience,
    })?;
    let output = ran.map_err(|source| LoginError::NotRun {
        helper: helper.to_owned(),
        source,
    })?;
    if !output.status.success() {
        // The protocol has no other way to say that there is none.
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("credentials not found") {
            return Ok(None);
        }
    }
    let answer = serde_json::from_slice::<Answer>(&output.stdout).ok();
    let answer = answer.filter(|_| output.status.success());
    let answer = answer.ok_or_else(|| LoginError::Refused {
        helper: helper.to_owned(),
        server: server.to_owned(),
    })?;
    let secret = Secret::new(answer.secret);
    let proof = if answer.username == TOKEN {
        Proof::Token(secret)
    } else {
        Proof::Password {
            user: answer.username,
            password: secret,
        }
    };
    let server = server.to_owned();
    Ok(Some(Login { server, proof }))
}

async fn run(helper: &str, server: &str) -> io::Result<Output> {
    let mut child = Command::new(helper)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read has its answer all the same.
        stdin.write_all(server.as_bytes()).await.ok();
    }
    child.wait_with_output().await
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::tempdir;

    use super::*;

    /// Asks a helper of this script.
    async fn said(script: &str, patience: Duration) -> Result<Option<Login>, LoginError> {
        let directory = tempdir().unwrap();
        let helper = directory.path().join("helper");
        fs::write(&helper, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&helper, Permissions::from_mode(0o700)).unwrap();
        asked(helper.to_str().unwrap(), "a.example", patience).await
    }

    #[tokio::test]
    async fn a_helper_is_asked_by_its_protocol_and_not_for_ever() {
        let enough = Duration::from_mins(1);
        let answers = r#"test "$1" = get && printf '{"ServerURL":"%s","Username":"me","Secret":"s"}' "$(cat)""#;
        let told = said(answers, enough).await.unwrap();
        let login = Login {
            server: "a.example".to_owned(),
            proof: Proof::Password {
                user: "me".to_owned(),
                password: "s".into(),
            },
        };
        assert_eq!(told, Some(login));
        let token = r#"echo '{"ServerURL":"a.example","Username":"<token>","Secret":"t"}'"#;
        let told = said(token, enough).await.unwrap().unwrap();
        assert_eq!(told.proof, Proof::Token("t".into()));
        let none = "echo 'credentials not found in native keychain'; exit 1";
        assert_eq!(said(none, enough).await.unwrap(), None);
        for refusal in ["echo '{}'", "echo locked; exit 1"] {
            let refused = said(refusal, enough).await;
            assert!(
                matches!(refused, Err(LoginError::Refused { .. })),
                "{refusal}"
            );
        }
        let silent = said("exec sleep 600", Duration::from_millis(100)).await;
        assert!(matches!(silent, Err(LoginError::Silent { .. })));
    }
}
