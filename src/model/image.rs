//! Image references, and when to pull them.

use std::fmt;

/// A reference to a container image, with the tag or digest it always has.
///
/// The engine's pull call takes *all* tags when none is named, so the tag `latest` is written out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef(String);

/// A text that is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing is there.
    #[error("image reference is empty")]
    Empty,
    /// A character outside the grammar of references.
    #[error(
        "image reference contains `{0}`, but may only contain letters, digits and `. _ - / : @`"
    )]
    Character(char),
    /// Upper case in the repository's path.
    #[error("image repository `{0}` has upper-case letters, which no registry accepts")]
    UpperCase(String),
    /// No repository, or an empty part in it.
    #[error("image reference has an empty part")]
    EmptyPart,
}

impl ImageRef {
    /// Reads a reference such as `valkey/valkey:8-alpine` or `postgres@sha256:…`.
    ///
    /// # Errors
    ///
    /// When the text breaks the grammar of image references.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ImageError::Empty);
        }
        if let Some(found) = text.chars().find(|&found| {
            !found.is_ascii_alphanumeric() && !matches!(found, '.' | '_' | '-' | '/' | ':' | '@')
        }) {
            return Err(ImageError::Character(found));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (repository, tag) = split_tag(name);
        if repository.split('/').any(str::is_empty)
            || tag.is_some_and(str::is_empty)
            || digest.is_some_and(|digest| digest.split(':').any(str::is_empty))
        {
            return Err(ImageError::EmptyPart);
        }
        let path = repository
            .split_once('/')
            .map_or(repository, |(_, path)| path);
        if path.chars().any(|letter| letter.is_ascii_uppercase()) {
            return Err(ImageError::UpperCase(repository.to_owned()));
        }
        if tag.is_none() && digest.is_none() {
            return Ok(Self(format!("{text}:latest")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The reference as the engine takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry that the reference names: `quay.io` of `quay.io/minio/minio`. `None` is Docker
    /// Hub.
    ///
    /// By the engine's rule the first part is one when it has a dot or a colon, or is `localhost`.
    pub fn registry(&self) -> Option<&str> {
        let (first, _) = self.0.split_once('/')?;
        let is_host = first.contains(['.', ':']) || first == "localhost";
        let is_hub = matches!(first, "docker.io" | "index.docker.io");
        (is_host && !is_hub).then_some(first)
    }

    /// The last part of the repository's path: `valkey` of `valkey/valkey:8-alpine`.
    pub fn base_name(&self) -> &str {
        let (repository, _) = self.repository_and_tag();
        repository
            .rsplit_once('/')
            .map_or(repository, |(_, base)| base)
    }

    /// The repository with its registry, in full: `docker.io/library/postgres` of `postgres:15`.
    pub fn full_repository(&self) -> String {
        let (repository, _) = self.repository_and_tag();
        if self.registry().is_some() {
            return repository.to_owned();
        }
        let path = ["docker.io/", "index.docker.io/"]
            .iter()
            .find_map(|hub| repository.strip_prefix(hub));
        let path = path.unwrap_or(repository);
        let library = if path.contains('/') { "" } else { "library/" };
        format!("docker.io/{library}{path}")
    }

    /// The tag, where the reference has one.
    pub fn tag(&self) -> Option<&str> {
        self.repository_and_tag().1
    }

    fn repository_and_tag(&self) -> (&str, Option<&str>) {
        let name = self.0.split_once('@').map(|(name, _)| name);
        split_tag(name.unwrap_or(&self.0))
    }
}

/// Splits `host:5000/path:tag` at the tag's colon, which is the one behind the last slash.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When an image is pulled: Compose's `pull_policy`, and `up --pull`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PullPolicy {
    /// When the engine does not have it.
    #[default]
    Missing,
    /// Before every `up`.
    Always,
    /// Not at all: the image must be there.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_always_has_a_tag_or_digest() {
        let shown = |text| ImageRef::parse(text).unwrap().to_string();
        assert_eq!(shown("postgres"), "postgres:latest");
        assert_eq!(
            shown("localhost:5000/hub/app"),
            "localhost:5000/hub/app:latest"
        );
        assert_eq!(shown("valkey/valkey:8-alpine"), "valkey/valkey:8-alpine");
        assert_eq!(shown("postgres@sha256:ab"), "postgres@sha256:ab");
    }

    #[test]
    fn the_base_name_is_the_last_part_of_the_repository() {
        let base = |text| ImageRef::parse(text).unwrap().base_name().to_owned();
        assert_eq!(base("quay.io/minio/minio:RELEASE.2025"), "minio");
        assert_eq!(base("localhost:5000/postgres"), "postgres");
    }

    #[test]
    fn the_full_repository_has_what_docker_hub_leaves_out() {
        for (text, full) in [
            ("postgres:15", "docker.io/library/postgres"),
            ("docker.io/postgres", "docker.io/library/postgres"),
            ("valkey/valkey:8@sha256:ab", "docker.io/valkey/valkey"),
            ("localhost:5000/hub/app:1", "localhost:5000/hub/app"),
        ] {
            assert_eq!(ImageRef::parse(text).unwrap().full_repository(), full);
        }
    }

    #[test]
    fn what_is_not_a_reference_is_refused() {
        for wrong in [
            "",
            "a b",
            "a//b",
            "a:",
            "docker.io/Hub/app",
            "x@sha256:",
            ":tag",
        ] {
            assert!(ImageRef::parse(wrong).is_err(), "{wrong}");
        }
    }
}
