//! Which version of the API is spoken: the newest that both sides know.
//!
//! bollard 0.21 drops the version from its paths (its issue 736), and an engine answers a path
//! without one in its newest shape, which may have words that bollard does not know. So the engine
//! is asked once, and every request is given the version that was agreed on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker as Client};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::{broken, classify, unanswered};
use crate::engine::{Address, Customs, EngineError, EngineSaid, UnreachableReason};

/// How long the engine has for its first word.
const FIRST_WORD: Duration = Duration::from_secs(2);
/// The oldest version that devinfra works with: that of Podman 3.4; Docker 20.10 has 1.41.
const OLDEST: Version = Version(1, 40);

/// A version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(usize, usize);

/// What was learnt from the engine's first word, once it was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Agreed(Arc<OnceCell<FirstWord>>);

#[derive(Debug)]
struct FirstWord {
    /// The version that both sides know. An engine that does not say its own gets paths without one.
    version: Option<Version>,
    is_podman: bool,
}

impl Agreed {
    /// Gives every request of the client the version, as soon as it is known.
    pub(super) fn imprint(&self, client: Client) -> Client {
        let agreed = self.clone();
        client.with_request_modifier(move |mut request| {
            make_readable(request.headers_mut());
            match agreed.0.get() {
                Some(FirstWord {
                    version: Some(version),
                    ..
                }) => with_version(request, *version),
                Some(FirstWord { version: None, .. }) | None => request,
            }
        })
    }

    /// How people log in to registries for the engine.
    pub(super) fn customs(&self) -> Customs {
        if self.is_podman() {
            Customs::Podman
        } else {
            Customs::Docker
        }
    }

    /// Whether the engine has said that it is Podman.
    pub(super) fn is_podman(&self) -> bool {
        self.0.get().is_some_and(|word| word.is_podman)
    }

    /// Asks the engine which version it speaks, unless that is known. This is the first call of
    /// every run: an engine that says nothing is told within two seconds.
    pub(super) async fn settle(
        &self,
        client: &Client,
        address: &Address,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        let ask = async {
            let deadline = deadline.min(FIRST_WORD);
            let asked = timeout(deadline, spoken(client, address)).await;
            let said = asked.unwrap_or_else(|_elapsed| {
                Err(EngineError::Unreachable {
                    address: address.shown(),
                    chosen_by: address.chosen_by.clone(),
                    reason: UnreachableReason::Silent,
                    source: None,
                })
            })?;
            Ok(FirstWord {
                version: agree(said.version.as_deref(), address)?,
                is_podman: said.is_podman,
            })
        };
        self.0.get_or_try_init(|| ask).await.map(|_version| ())
    }
}

/// The newest version that both sides know.
fn agree(said: Option<&str>, address: &Address) -> Result<Option<Version>, EngineError> {
    let ours = Version(
        API_DEFAULT_VERSION.major_version,
        API_DEFAULT_VERSION.minor_version,
    );
    let Some(theirs) = said.and_then(Version::parse) else {
        return Ok(None);
    };
    if theirs < OLDEST {
        return Err(EngineError::TooOld {
            address: address.shown(),
            version: theirs.to_string(),
            oldest: OLDEST.to_string(),
        });
    }
    Ok(Some(theirs.min(ours)))
}

/// What an engine says of itself.
struct Said {
    version: Option<String>,
    is_podman: bool,
}

/// The newest version that the engine knows. Its ping says it in a header that bollard does not
/// pass on; its `/version`, which engines answer by starting programs, takes twenty times as long.
async fn spoken(client: &Client, address: &Address) -> Result<Said, EngineError> {
    match address.url.split_once("://") {
        Some(("unix", path)) => {
            let stream = UnixStream::connect(path).await;
            ping(stream.map_err(|error| unanswered(&error, address))?).await
        }
        Some(("tcp" | "http", host)) => {
            let stream = TcpStream::connect(host.trim_end_matches('/')).await;
            ping(stream.map_err(|error| unanswered(&error, address))?).await
        }
        Some(_) | None => match client.version().await {
            Ok(version) => Ok(Said {
                version: version.api_version,
                is_podman: version
                    .components
                    .unwrap_or_default()
                    .iter()
                    .any(|component| component.name.starts_with("Podman")),
            }),
            Err(error) => Err(classify(error, OPERATION.to_owned(), address)),
        },
    }
}

const OPERATION: &str = "ask the engine which version of its API it speaks";

async fn ping<S>(stream: S) -> Result<Said, EngineError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| broken(OPERATION, error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let request = Request::get("/_ping").header("Host", "engine");
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|error| broken(OPERATION, error))?;
    let asked = sender.send_request(request);
    tokio::pin!(asked, connection);
    let answer = tokio::select! {
        answer = &mut asked => answer.map_err(failed)?,
        ended = &mut connection => {
            ended.map_err(failed)?;
            asked.await.map_err(failed)?
        }
    };
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        let message = format!("it answers {status}");
        return Err(broken(OPERATION, EngineSaid { status, message }));
    }
    let version = answer.headers().get("Api-Version");
    Ok(Said {
        version: version.and_then(|version| version.to_str().ok().map(str::to_owned)),
        is_podman: answer.headers().contains_key("Libpod-Api-Version"),
    })
}

/// bollard 0.21 writes a login in the wrong alphabet of base64, and an engine takes one that it can't
/// read for none (bollard's pull request 169).
fn make_readable(headers: &mut HeaderMap) {
    if let Some(login) = headers.get_mut("X-Registry-Auth")
        && let Ok(text) = login.to_str()
        && let Ok(mut readable) = HeaderValue::from_str(&text.replace('+', "-").replace('/', "_"))
    {
        readable.set_sensitive(true);
        *login = readable;
    }
}

fn with_version(mut request: BollardRequest, version: Version) -> BollardRequest {
    let mut parts = request.uri().clone().into_parts();
    let path = parts
        .path_and_query
        .as_ref()
        .map_or("/", PathAndQuery::as_str);
    if !path.starts_with("/v1.") {
        // Both halves are parts of a path that was valid before.
        parts.path_and_query = format!("/v{version}{path}").parse().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Choice;

    fn agreed(said: &str) -> String {
        let address = Address {
            url: "unix:///x".to_owned(),
            chosen_by: Choice::Option,
        };
        match agree(Some(said), &address) {
            Ok(Some(version)) => version.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_newest_version_that_both_sides_know_is_spoken() {
        assert_eq!(agreed("1.41"), "1.41");
        assert_eq!(agreed("1.55"), "1.53");
        assert_eq!(agreed("new"), "none");
        assert_eq!(
            agreed("1.24"),
            "the engine at `unix:///x` speaks version 1.24 of its API, and devinfra needs 1.40"
        );
    }
}
