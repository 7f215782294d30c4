//! The engine, and images that it should have.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const ENGINE: Chapter = Chapter {
    title: "Engine",
    entries: &[
        entry(
            "engine.unreachable",
            Exit::Engine,
            "No engine answers at the address.",
            "Start Docker or Podman, or name another engine with `--host`. `devinfra doctor` tells which were looked for.",
        ),
        entry(
            "engine.permission-denied",
            Exit::Engine,
            "The engine's socket may not be opened.",
            "Join the group that owns the socket, and log in again.",
        ),
        entry(
            "engine.silent",
            Exit::Engine,
            "The engine accepts connections and says nothing.",
            "Restart it.",
        ),
        entry(
            "engine.address",
            Exit::Engine,
            "The engine's address or context can't be used.",
            "`docker context ls` lists the contexts.",
        ),
        entry(
            "engine.remote",
            Exit::Engine,
            "The engine is on another machine, and what it publishes can't be reached from here.",
            "Run devinfra there, or name an engine of this machine with `--host`.",
        ),
        entry(
            "engine.too-old",
            Exit::Engine,
            "The engine speaks only versions of its API that devinfra does not.",
            "Update the engine: Docker 20.10 and Podman 4 are the oldest that will do.",
        ),
        entry(
            "engine.too-new",
            Exit::Engine,
            "The engine has dropped the versions of its API that devinfra speaks.",
            "Update devinfra.",
        ),
        entry(
            "engine.no-answer",
            Exit::Engine,
            "The engine did not answer one call in time.",
            "Look at its load; `--engine-timeout` gives it more time.",
        ),
        entry(
            "engine.broken-answer",
            Exit::Engine,
            "The engine's answer broke off, or can't be read.",
            "Run the command again; what exists is found again.",
        ),
        entry(
            "engine.not-found",
            Exit::Failed,
            "Something was removed while devinfra worked with it.",
            "Run the command again.",
        ),
        entry(
            "engine.refused",
            Exit::Failed,
            "The engine refused, for a reason without a code of its own.",
            "The engine's own words are in the message.",
        ),
        entry(
            "engine.no-space",
            Exit::Failed,
            "The engine's disk is full.",
            "`docker system df` shows what takes it.",
        ),
    ],
};

pub(super) const IMAGES: Chapter = Chapter {
    title: "Images",
    entries: &[
        entry(
            "image.gone",
            Exit::Image,
            "The registry does not have the image, or hides it.",
            "Check name and tag. MinIO's images have left Docker Hub: `quay.io/minio/minio` has them.",
        ),
        entry(
            "image.login-required",
            Exit::Image,
            "The registry wants a login.",
            "Log in with `docker login`, or `podman login` where the engine is Podman: its logins and credential helpers are used.",
        ),
        entry(
            "image.rate-limited",
            Exit::Image,
            "The registry's pull limit is reached.",
            "Wait, or log in with `docker login`.",
        ),
        entry(
            "image.registry-unreachable",
            Exit::Image,
            "The registry can't be reached.",
            "Check the network and the engine's proxy.",
        ),
        entry(
            "image.wrong-platform",
            Exit::Image,
            "There is no image for this machine's platform.",
            "Choose another tag, or set `platform`.",
        ),
        entry(
            "image.no-space",
            Exit::Image,
            "The engine's disk is too full for the image.",
            "`docker system df` shows what takes it.",
        ),
        entry(
            "image.not-local",
            Exit::Image,
            "The image is not on the engine, and may not be pulled.",
            "Fetch it, or change `pull_policy`.",
        ),
        entry(
            "image.pull-failed",
            Exit::Image,
            "The pull failed for a reason without a code of its own.",
            "The engine's own words are in the message.",
        ),
    ],
};
