//! Images that can't be had.

use super::CliError;
use crate::cli::Exit;
use crate::engine::{EngineError, ImageProblem};
use crate::model::ImageRef;

impl CliError {
    pub(super) fn image(error: &EngineError, image: &ImageRef, problem: ImageProblem) -> Self {
        let told = |code| Self::new(Exit::Image, code, error);
        match problem {
            ImageProblem::NotLocal => told("image.not-local"),
            ImageProblem::Gone if image.as_str().starts_with("minio/") => told("image.gone").hint(
                "MinIO's images have left Docker Hub; `quay.io/minio/minio` still has them, and logging in does not help",
            ),
            ImageProblem::Gone => told("image.gone")
                .hint("check its name and tag in the stack file; for a private image, log in with `docker login`"),
            ImageProblem::LoginRequired => {
                told("image.login-required")
                    .hint("log in with `docker login`, or `podman login` for Podman: `devinfra up` uses that login")
            }
            ImageProblem::RateLimited => told("image.rate-limited").hint(
                "wait, or log in with `docker login`, which has a higher limit",
            ),
            ImageProblem::RegistryUnreachable => told("image.registry-unreachable")
                .hint("check the network, and the proxy of the engine"),
            ImageProblem::WrongPlatform => told("image.wrong-platform")
                .hint("choose another tag, or set `platform` in the stack file"),
            ImageProblem::NoSpace => {
                told("image.no-space").hint("`docker system df` shows what takes it")
            }
            ImageProblem::Other => told("image.pull-failed"),
        }
    }
}
