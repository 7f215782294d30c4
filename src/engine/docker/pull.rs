//! Fetching an image, and whether it really came.

use std::collections::BTreeMap;

use bollard::auth::DockerCredentials;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::Docker;
use super::error::{classify, pull_failed};
use crate::engine::{
    Engine as _, EngineError, EngineSaid, ImageProblem, Login, LoginError, Proof, PullProgress,
};
use crate::model::ImageRef;

/// Pulls, and then looks whether the image is there: bollard 0.21 can end a complete pull with an
/// error (its issue 560), and lets Podman's failures pass as an empty line.
pub(super) async fn pull(
    docker: &Docker,
    image: &ImageRef,
    platform: Option<&str>,
    progress: &(dyn Fn(PullProgress) + Send + Sync),
) -> Result<(), EngineError> {
    let options = CreateImageOptions {
        from_image: Some(image.to_string()),
        platform: platform.unwrap_or_default().to_owned(),
        ..CreateImageOptions::default()
    };
    let operation = format!("pull image `{image}`");
    let stalled = docker.deadlines.stalled;
    docker.settle().await?;
    // Most images are for everybody: a login that can't be had is told when the pull fails.
    let (login, no_login) = match docker.logins.of(image, docker.version.customs()).await {
        Ok(login) => (login.map(credentials), None),
        Err(error) => (None, Some(error)),
    };
    let mut lines = docker
        .client
        .create_image(Some(options), None, login)
        .boxed();
    let mut layers = Layers::default();
    let failure = loop {
        match timeout(stalled, lines.next()).await {
            Ok(Some(Ok(line))) => {
                if let Some(failed) = layers.take(line, progress) {
                    break Some(stream_error(image, failed));
                }
            }
            Ok(Some(Err(error))) => {
                break Some(pull_failed(
                    image,
                    classify(error, operation, &docker.address),
                ));
            }
            Ok(None) => break None,
            Err(_elapsed) => {
                break Some(EngineError::NoAnswer {
                    operation,
                    waited: stalled,
                });
            }
        }
    };
    match (failure, docker.image_id(image).await?) {
        // A stream may break off behind a pull that had completed.
        (None | Some(EngineError::Broken { .. }), Some(_)) => Ok(()),
        (Some(error), _) => Err(without_login(error, no_login.as_ref())),
        (None, None) => Err(stream_error(
            image,
            "the pull ended without an image".to_owned(),
        )),
    }
}

fn credentials(login: Login) -> DockerCredentials {
    let server = Some(login.server);
    match login.proof {
        Proof::Password { user, password } => DockerCredentials {
            username: Some(user),
            password: Some(password.reveal().to_owned()),
            serveraddress: server,
            ..DockerCredentials::default()
        },
        Proof::Token(token) => DockerCredentials {
            identitytoken: Some(token.reveal().to_owned()),
            serveraddress: server,
            ..DockerCredentials::default()
        },
    }
}

/// The failure, with why no login went along where there should have been one.
fn without_login(error: EngineError, no_login: Option<&LoginError>) -> EngineError {
    match (error, no_login) {
        (
            EngineError::Image {
                image,
                problem,
                mut source,
            },
            Some(no_login),
        ) => {
            source.message = format!(
                "{}; it was asked without a login: {no_login}",
                source.message
            );
            EngineError::Image {
                image,
                problem,
                source,
            }
        }
        (error, _) => error,
    }
}

fn stream_error(image: &ImageRef, message: String) -> EngineError {
    let source = EngineSaid { status: 0, message };
    let refused = EngineError::Refused {
        operation: String::new(),
        source: source.clone(),
    };
    match pull_failed(image, refused) {
        EngineError::Image { problem, .. } => EngineError::Image {
            image: image.clone(),
            problem,
            source,
        },
        _ => EngineError::Image {
            image: image.clone(),
            problem: ImageProblem::Other,
            source,
        },
    }
}

/// How many bytes of each layer have come.
#[derive(Default)]
struct Layers(BTreeMap<String, PullProgress>);

impl Layers {
    /// Takes one line of the stream; returns the error it carries, if it does.
    ///
    /// Only "Downloading" counts bytes: with the containerd image store, the progress of
    /// "Extracting" is in seconds.
    fn take(
        &mut self,
        line: CreateImageInfo,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Option<String> {
        if let Some(detail) = line.error_detail {
            return Some(detail.message.unwrap_or_default());
        }
        let layer = self.0.entry(line.id?).or_default();
        match (line.status?.as_str(), line.progress_detail) {
            ("Downloading", Some(detail)) => {
                let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
                layer.current = number(detail.current).unwrap_or(layer.current);
                layer.total = number(detail.total).unwrap_or(layer.total);
            }
            ("Download complete" | "Pull complete", _) => layer.current = layer.total,
            _ => return None,
        }
        let sum = |part: fn(&PullProgress) -> u64| self.0.values().map(part).sum();
        progress(PullProgress {
            current: sum(|one| one.current),
            total: sum(|one| one.total),
        });
        None
    }
}
