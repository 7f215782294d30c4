//! Whether LakeFS answers.

use std::net::SocketAddr;

use super::setup::Setup;
use crate::kinds::http::get;
use crate::kinds::{Never, Readiness};

/// Asks `/_health`, which answers once storage and metadata are open, and then for the state of the
/// set-up, which reads the metadata.
pub(in crate::kinds) async fn probe(address: Result<SocketAddr, Readiness>) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    match get(&format!("http://{address}/_health")).await {
        Ok(answer) if answer.status == 200 => {}
        Ok(answer) => return Readiness::NotYet(format!("/_health answers {}", answer.status)),
        Err(error) => return Readiness::NotYet(error.to_string()),
    }
    match get(&format!("http://{address}/api/v1/setup_lakefs")).await {
        Ok(answer) if answer.status == 200 => match serde_json::from_str::<Setup>(&answer.body) {
            Ok(setup) if !setup.state.is_empty() => Readiness::Ready,
            Ok(_) => not_lakefs("it does not say whether it is set up"),
            Err(_unreadable) => not_lakefs("its answer is no JSON of LakeFS"),
        },
        Ok(answer) if answer.status == 404 => not_lakefs("it has no /api/v1/setup_lakefs"),
        Ok(answer) => Readiness::NotYet(format!("/api/v1/setup_lakefs answers {}", answer.status)),
        Err(error) => Readiness::NotYet(error.to_string()),
    }
}

fn not_lakefs(said: &str) -> Readiness {
    Readiness::Never(Never::NotLakefs {
        said: said.to_owned(),
    })
}
