//! Logins to image registries, as `docker login` and `podman login` keep them: in a file, or with a
//! credential helper.

mod file;
mod helper;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use file::File;

use crate::model::{ImageRef, Secret};

/// Where logins are looked for.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    docker: Option<PathBuf>,
    podman: Vec<PathBuf>,
}

/// Whose rules logins are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Customs {
    /// Those of the docker command line: the docker configuration alone.
    Docker,
    /// Podman's: several files, the first that has a login winning.
    Podman,
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
    /// What is kept can't be read.
    #[error("the login to `{server}` in `{}` can't be read", file.display())]
    Unreadable {
        /// The registry.
        server: String,
        /// The file that has it.
        file: PathBuf,
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

impl Logins {
    /// Logins of the docker configuration, and of the files that Podman reads, in this order.
    pub fn new(docker: Option<PathBuf>, podman: Vec<PathBuf>) -> Self {
        Self { docker, podman }
    }

    /// The login to the registry of an image; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When there is one, and it can't be had.
    pub async fn of(
        &self,
        image: &ImageRef,
        customs: Customs,
    ) -> Result<Option<Login>, LoginError> {
        match customs {
            Customs::Docker => match self.docker.as_deref().and_then(File::read) {
                Some(file) => file.docker(image).await,
                None => Ok(None),
            },
            Customs::Podman => {
                for file in self.podman.iter().filter_map(|path| File::read(path)) {
                    if let Some(login) = file.podman(image).await? {
                        return Ok(Some(login));
                    }
                }
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::file::DOCKER_HUB;
    use super::*;

    async fn login(config: &str, image: &str) -> Result<Option<Login>, LoginError> {
        found(config, image, Customs::Docker).await
    }

    async fn found(
        config: &str,
        image: &str,
        customs: Customs,
    ) -> Result<Option<Login>, LoginError> {
        let directory = tempdir().unwrap();
        let path = directory.path().join("config.json");
        fs::write(&path, config).unwrap();
        let logins = Logins::new(Some(path.clone()), vec![path]);
        logins.of(&ImageRef::parse(image).unwrap(), customs).await
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
        let told = broken.to_string();
        assert!(
            told.starts_with("the login to `broken.example` in `/")
                && told.ends_with("config.json` can't be read"),
            "{told}"
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
        let nowhere = Logins::default();
        let image = ImageRef::parse("a").unwrap();
        let nowhere = nowhere.of(&image, Customs::Docker).await;
        assert_eq!(nowhere.unwrap(), None);
    }

    #[tokio::test]
    async fn podman_takes_the_longest_part_of_the_repositorys_name() {
        // `me:secret`, `hub:pass`, and `you:other`.
        let config = r#"{"auths": {
            "registry.example/team/app": {"auth": "bWU6c2VjcmV0"},
            "registry.example/team": {"auth": "aHViOnBhc3M="},
            "registry.example": {"auth": "eW91Om90aGVy"},
            "https://v2.example/v2/": {"auth": "bWU6c2VjcmV0"},
            "docker.io/library": {"auth": "bWU6c2VjcmV0"},
            "https://index.docker.io/v1/": {"auth": "aHViOnBhc3M="},
            "empty.example/team": {}
        }}"#;
        for (image, server, pair) in [
            (
                "registry.example/team/app:1",
                "registry.example",
                Some(("me", "secret")),
            ),
            (
                "registry.example/team/apple:1",
                "registry.example",
                Some(("hub", "pass")),
            ),
            (
                "registry.example/teams/app:1",
                "registry.example",
                Some(("you", "other")),
            ),
            ("v2.example/app", "v2.example", Some(("me", "secret"))),
            ("postgres:15", DOCKER_HUB, Some(("me", "secret"))),
            ("valkey/valkey:8", DOCKER_HUB, Some(("hub", "pass"))),
            ("empty.example/team/app", "", None),
            ("elsewhere.example/app", "", None),
        ] {
            let login = found(config, image, Customs::Podman).await.unwrap();
            let expected = pair.map(|(user, secret)| password(server, user, secret));
            assert_eq!(login, expected, "{image}");
        }
    }

    #[tokio::test]
    async fn podman_asks_a_registrys_helper_first_and_a_common_one_last() {
        let config = r#"{
            "auths": {"a.example": {"auth": "bWU6c2VjcmV0"}, "b.example": {"auth": "bWU6c2VjcmV0"}},
            "credHelpers": {"a.example": "of-nobody"},
            "credsStore": "of-all"
        }"#;
        for (image, helper) in [("a.example/app", "of-nobody"), ("c.example/app", "of-all")] {
            let error = found(config, image, Customs::Podman).await.unwrap_err();
            let words = format!("`docker-credential-{helper}` can't be run: ");
            assert!(error.to_string().starts_with(&words), "{error}");
        }
        let login = found(config, "b.example/app", Customs::Podman).await;
        assert_eq!(login.unwrap(), Some(password("b.example", "me", "secret")));
    }
}
