//! Logins to image registries, as `docker login` keeps them: in the docker configuration, or with a
//! credential helper.
//!
//! The rules are those of the docker command line: a registry's own helper counts before the common
//! one, and either before what stands in the file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::model::{ImageRef, Secret};

/// How long a helper may take: one that asks somebody has nobody to ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// What logins to Docker Hub are kept under.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// The name that a helper gives when what it has is a token.
const TOKEN: &str = "<token>";

/// Where logins are looked for: the docker configuration, where there is one.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    configuration: Option<PathBuf>,
}

/// A login to one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The registry, as logins to it are kept under.
    pub server: String,
    /// What it is proved with.
    pub proof: Proof,
}

/// What a login is proved with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A user's name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token for the user's identity.
    Token(Secret),
}

/// Why a login that is kept can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The entry in the docker configuration can't be read.
    #[error("the login to `{server}` in the docker configuration can't be read")]
    Unreadable {
        /// The registry.
        server: String,
    },
    /// The helper can't be run.
    #[error("`{helper}` can't be run: {source}")]
    NotRun {
        /// The helper.
        helper: String,
        /// Why not.
        source: io::Error,
    },
    /// The helper did not answer in time.
    #[error("`{helper}` did not answer within {} s", waited.as_secs_f64())]
    Silent {
        /// The helper.
        helper: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The helper failed, or said something that is no login.
    #[error("`{helper}` has no usable login to `{server}`")]
    Refused {
        /// The helper.
        helper: String,
        /// The registry.
        server: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Kept>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kept {
    auth: String,
    identitytoken: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Logins {
    /// Logins of the docker configuration in this directory.
    pub fn new(configuration: Option<PathBuf>) -> Self {
        Self { configuration }
    }

    /// The login to the registry of an image; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When there is one, and it can't be had.
    pub async fn of(&self, image: &ImageRef) -> Result<Option<Login>, LoginError> {
        let Some(config) = self.read() else {
            return Ok(None);
        };
        let registry = image.registry();
        let server = registry.unwrap_or(DOCKER_HUB);
        let own = config.cred_helpers.get(server);
        let helper = own.or(config.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            return asked(&format!("docker-credential-{helper}"), server, PATIENCE).await;
        }
        let kept = config.auths.get(server).or_else(|| {
            let of_server = |(key, _): &(&String, &Kept)| host(key) == host(server);
            config.auths.iter().find(of_server).map(|(_, kept)| kept)
        });
        kept.map_or(Ok(None), |kept| kept.login(server))
    }

    /// A configuration that can't be read has no logins: the docker command line says what is wrong.
    fn read(&self) -> Option<Config> {
        let path = self.configuration.as_ref()?.join("config.json");
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }
}

/// `https://ghcr.io/v2/` is kept by some for `ghcr.io`.
fn host(server: &str) -> &str {
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

impl Kept {
    fn login(&self, server: &str) -> Result<Option<Login>, LoginError> {
        let login = |proof| {
            let server = server.to_owned();
            Ok(Some(Login { server, proof }))
        };
        if !self.identitytoken.is_empty() {
            return login(Proof::Token(Secret::new(&*self.identitytoken)));
        }
        if self.auth.is_empty() {
            return Ok(None); // a login that a helper keeps leaves an empty entry
        }
        let padding = DecodePaddingMode::Indifferent;
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
        let decoded = GeneralPurpose::new(&STANDARD, lenient).decode(self.auth.trim());
        let text = decoded.ok().and_then(|text| String::from_utf8(text).ok());
        let pair = text.as_deref().and_then(|text| text.split_once(':'));
        match pair {
            Some((user, password)) => login(Proof::Password {
                user: user.to_owned(),
                password: Secret::new(password.trim_end_matches('\0')),
            }),
            None => Err(LoginError::Unreadable {
                server: server.to_owned(),
            }),
        }
    }
}

/// What a helper has for a server.
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
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::tempdir;

    use super::*;

    async fn login(config: &str, image: &str) -> Result<Option<Login>, LoginError> {
        let directory = tempdir().unwrap();
        fs::write(directory.path().join("config.json"), config).unwrap();
        let logins = Logins::new(Some(directory.path().to_owned()));
        logins.of(&ImageRef::parse(image).unwrap()).await
    }

    fn password(server: &str, user: &str, password: &str) -> Login {
        let (server, user) = (server.to_owned(), user.to_owned());
        let password = password.into();
        let proof = Proof::Password { user, password };
        Login { server, proof }
    }

    #[tokio::test]
    async fn what_stands_in_the_file_is_found_by_the_images_registry() {
        // `me:secret`, with and without the padding, and `hub:pass`.
        let config = r#"{"auths": {
            "registry.example:5000": {"auth": "bWU6c2VjcmV0"},
            "https://ghcr.example/v2/": {"auth": "bWU6c2VjcmV0"},
            "https://index.docker.io/v1/": {"auth": "aHViOnBhc3M"},
            "token.example": {"auth": "", "identitytoken": "t"},
            "helper.example": {},
            "broken.example": {"auth": "?"}
        }}"#;
        for (image, expected) in [
            (
                "registry.example:5000/team/app:1",
                Some(password("registry.example:5000", "me", "secret")),
            ),
            (
                "ghcr.example/app",
                Some(password("ghcr.example", "me", "secret")),
            ),
            ("postgres:15", Some(password(DOCKER_HUB, "hub", "pass"))),
            (
                "docker.io/valkey/valkey",
                Some(password(DOCKER_HUB, "hub", "pass")),
            ),
            (
                "token.example/app",
                Some(Login {
                    server: "token.example".to_owned(),
                    proof: Proof::Token("t".into()),
                }),
            ),
            ("helper.example/app", None),
            ("elsewhere.example/app", None),
        ] {
            assert_eq!(login(config, image).await.unwrap(), expected, "{image}");
        }
        let broken = login(config, "broken.example/app").await.unwrap_err();
        assert_eq!(
            broken.to_string(),
            "the login to `broken.example` in the docker configuration can't be read"
        );
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named_and_no_file_means_no_login() {
        let config = r#"{"auths": {}, "credHelpers": {"a.example": "of-nobody"}}"#;
        let error = login(config, "a.example/app").await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`docker-credential-of-nobody` can't be run: "),
            "{error}"
        );
        assert_eq!(login(config, "b.example/app").await.unwrap(), None);
        assert_eq!(login("{", "a.example/app").await.unwrap(), None);
        let nowhere = Logins::default().of(&ImageRef::parse("a").unwrap()).await;
        assert_eq!(nowhere.unwrap(), None);
    }

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
        assert_eq!(told, Some(password("a.example", "me", "s")));
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
