//! A file of logins: the docker configuration, or one of Podman's, which is written alike.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::helper::ask;
use super::{Login, LoginError, Proof};
use crate::model::{ImageRef, Secret};

/// What logins to Docker Hub are kept under.
pub(super) const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What is in a file.
pub(super) struct File {
    path: PathBuf,
    config: Config,
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

impl File {
    /// One that is not there or can't be read has no logins: the engine's own command line says what
    /// is wrong.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let config = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        let path = path.to_owned();
        Some(Self { path, config })
    }

    /// The login by the rules of the docker command line: a registry's own helper counts before the
    /// common one, and either before what stands in the file.
    pub(super) async fn docker(&self, image: &ImageRef) -> Result<Option<Login>, LoginError> {
        let server = image.registry().unwrap_or(DOCKER_HUB);
        let own = self.config.cred_helpers.get(server);
        let helper = own.or(self.config.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            return ask(helper, server).await;
        }
        let kept = self.config.auths.get(server);
        let kept = kept.or_else(|| self.of_host(host(server)));
        kept.map_or(Ok(None), |kept| kept.login(server, &self.path))
    }

    /// The login by Podman's rules: a registry's helper counts before what stands in the file, and
    /// there the longest part of the repository's name. A common helper is only docker's, and asked
    /// last.
    ///
    /// <https://man.archlinux.org/man/containers-auth.json.5>
    pub(super) async fn podman(&self, image: &ImageRef) -> Result<Option<Login>, LoginError> {
        const HUB: &str = "docker.io";
        let registry = image.registry().unwrap_or(HUB);
        let server = image.registry().unwrap_or(DOCKER_HUB);
        if let Some(helper) = self.config.cred_helpers.get(registry) {
            return ask(helper, registry).await;
        }
        let repository = image.full_repository();
        let mut names = Some(repository.as_str());
        let kept = loop {
            let Some(name) = names else {
                break self.of_host(host(server));
            };
            if let Some(kept) = self.config.auths.get(name) {
                break Some(kept);
            }
            names = name.rsplit_once('/').map(|(parent, _)| parent);
        };
        let found = kept.map_or(Ok(None), |kept| kept.login(server, &self.path))?;
        let common = self.config.creds_store.as_ref();
        match common.filter(|helper| found.is_none() && !helper.is_empty()) {
            Some(helper) => ask(helper, server).await,
            None => Ok(found),
        }
    }

    /// What is kept for a host, in whatever way that is written.
    fn of_host(&self, wanted: &str) -> Option<&Kept> {
        let mut all = self.config.auths.iter();
        all.find_map(|(key, kept)| (host(key) == wanted).then_some(kept))
    }
}

/// `https://ghcr.io/v2/` is kept by some for `ghcr.io`.
fn host(server: &str) -> &str {
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

impl Kept {
    fn login(&self, server: &str, file: &Path) -> Result<Option<Login>, LoginError> {
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
                file: file.to_owned(),
            }),
        }
    }
}
