//! The images that tests run: the offline ones, or the real ones where a registry can be reached.

use super::{engine, variable};

/// An image by the variable that stands for it in a stack file of a test.
struct Image {
    variable: &'static str,
    offline: &'static str,
    registry: &'static str,
}

const IMAGES: &[Image] = &[
    Image {
        variable: "POSTGRES_IMAGE",
        offline: "devinfra-test/postgres:15",
        registry: "postgres:15",
    },
    Image {
        variable: "POSTGRES_NEXT_IMAGE",
        offline: "devinfra-test/postgres:15-next",
        registry: "postgres:15-bookworm",
    },
    Image {
        variable: "POSTGRES_17_IMAGE",
        offline: "devinfra-test/postgres:17",
        registry: "postgres:17",
    },
    Image {
        variable: "VALKEY_IMAGE",
        offline: "devinfra-test/valkey:8",
        registry: "valkey/valkey:8-alpine",
    },
    Image {
        variable: "VALKEY_NEXT_IMAGE",
        offline: "devinfra-test/valkey:8-next",
        registry: "valkey/valkey:8.1-alpine",
    },
    Image {
        variable: "S3_IMAGE",
        offline: "devinfra-test/s3:1",
        registry: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
    },
    Image {
        variable: "LAKEFS_IMAGE",
        offline: "devinfra-test/lakefs:1",
        registry: "treeverse/lakefs:1.84.1",
    },
    Image {
        variable: "COMPOSE_IMAGE",
        offline: "devinfra-test/compose:1",
        registry: "docker:28-cli",
    },
    Image {
        variable: "TOOLS_IMAGE",
        offline: "devinfra-test/tools:1",
        registry: "busybox:1",
    },
];

/// Whether the real images are wanted.
pub(crate) fn from_registry() -> bool {
    variable("DEVINFRA_TEST_IMAGES").as_deref() == Some("registry")
}

/// Every image with its variable.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let registry = from_registry();
    IMAGES.iter().map(move |image| {
        let name = if registry {
            image.registry
        } else {
            image.offline
        };
        (image.variable, name)
    })
}

/// The image that the variable stands for.
#[track_caller]
pub(crate) fn image(variable: &str) -> &'static str {
    let found = all().find(|(name, _)| *name == variable);
    found.unwrap_or_else(|| panic!("no image `{variable}`")).1
}

/// Fails where there is no engine, or one of these offline images is missing: a test that can't run
/// has not passed.
#[track_caller]
pub(crate) fn require(is_needed: impl Fn(&str) -> bool) {
    let missing = if let Err(error) = engine::ping() {
        format!("no container engine answers ({error})")
    } else if from_registry() {
        return;
    } else {
        let needed = all().filter(|(variable, _)| is_needed(variable));
        let missing: Vec<&str> = needed
            .map(|(_, name)| name)
            .filter(|name| !engine::has_image(name))
            .collect();
        if missing.is_empty() {
            return;
        }
        format!("the engine has no {}", missing.join(", "))
    };
    panic!("{missing}: `make test` sets up the engine and the images, and runs the tests");
}
