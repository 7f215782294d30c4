//! Why a step is taken, in words that a person would want to read.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{Facet, ServiceName, Stack};

/// Why a step is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The service has no container.
    NoContainer,
    /// Its container is there and does not run.
    NotRunning {
        /// Its exit status, where it has one.
        exit_code: Option<i64>,
    },
    /// Its container is frozen.
    Paused,
    /// Its container is restarted over and over.
    RestartLoop,
    /// Its container can't be used any more.
    Dead,
    /// What its container is made of has changed.
    Changed {
        /// In which respects.
        facets: Vec<Facet>,
        /// The image before and after, where that is one of them.
        image: Option<(String, String)>,
    },
    /// The tag of its image means another image now.
    NewerImage {
        /// The tag.
        image: String,
    },
    /// The network that its container was attached to is gone.
    NetworkGone,
    /// `--recreate` was given.
    RecreateAsked,
    /// `--adopt` was given, and the container has the service's name.
    Adopted,
    /// Something that is needed is not there.
    Missing,
    /// A pull was asked for.
    PullAsked,
    /// `reset` was given.
    ResetAsked,
    /// A `reset` was killed before it came to the end.
    CutShort,
    /// `down` was given.
    DownAsked,
    /// The container is for a service that the stack file no longer has.
    Orphan,
    /// The container is for a service that is off: none of these profiles is active.
    Off {
        /// The service's profiles.
        profiles: BTreeSet<String>,
    },
    /// The service is part of the stack.
    Wanted,
}

impl Cause {
    /// Why a container of the stack's goes when it is taken down: mostly because that was asked for.
    pub fn of_end(stack: &Stack, service: &ServiceName) -> Self {
        // Without a stack file there is no service: its project directory is gone.
        let is_without_file = stack.files.is_empty() && stack.services.is_empty();
        if stack.services.contains_key(service) || is_without_file {
            Self::DownAsked
        } else if stack.helped_by(service).is_some() {
            Self::CutShort
        } else if let Some(profiles) = stack.off.get(service).cloned() {
            Self::Off { profiles }
        } else {
            Self::Orphan
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoContainer => f.write_str("no container"),
            Self::NotRunning {
                exit_code: Some(code),
            } => write!(f, "exited with {code}"),
            Self::NotRunning { exit_code: None } => f.write_str("not running"),
            Self::Paused => f.write_str("paused"),
            Self::RestartLoop => f.write_str("restarting over and over"),
            Self::Dead => f.write_str("unusable"),
            Self::Changed { facets, image } => changed(f, facets, image.as_ref()),
            Self::NewerImage { image } => write!(f, "newer image for {image}"),
            Self::NetworkGone => f.write_str("its network is gone"),
            Self::RecreateAsked => f.write_str("asked to recreate"),
            Self::Adopted => f.write_str("adopted"),
            Self::Missing => f.write_str("not there"),
            Self::PullAsked => f.write_str("asked to pull"),
            Self::ResetAsked => f.write_str("asked to reset"),
            Self::CutShort => f.write_str("a reset was cut short"),
            Self::DownAsked => f.write_str("asked to take down"),
            Self::Orphan => f.write_str("no longer in the stack file"),
            Self::Off { profiles } => off(f, profiles),
            Self::Wanted => f.write_str("wanted"),
        }
    }
}

fn off(f: &mut fmt::Formatter<'_>, profiles: &BTreeSet<String>) -> fmt::Result {
    let quoted: Vec<String> = profiles.iter().map(|one| format!("`{one}`")).collect();
    match quoted.as_slice() {
        [profile] => write!(f, "its profile {profile} is not active"),
        profiles => write!(f, "none of its profiles is active: {}", profiles.join(", ")),
    }
}

/// `image changed: valkey:8.0 -> valkey:8.1, environment changed`.
fn changed(
    f: &mut fmt::Formatter<'_>,
    facets: &[Facet],
    image: Option<&(String, String)>,
) -> fmt::Result {
    for (index, facet) in facets.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{} changed", facet.word())?;
        if let (Facet::Image, Some((old, new))) = (facet, image)
            && old != new
        {
            write!(f, ": {old} -> {new}")?;
        }
    }
    Ok(())
}
