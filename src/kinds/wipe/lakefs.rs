//! LakeFS: how many repositories it has.

use std::net::SocketAddr;

use serde::Deserialize;

use super::{Amount, WipeError};
use crate::kinds::Target;
use crate::kinds::lakefs::{Credentials, repositories};
use crate::model::Lakefs;

/// One page of `GET /api/v1/repositories`.
#[derive(Debug, Deserialize)]
struct Page {
    pagination: Pagination,
}

#[derive(Debug, Deserialize)]
struct Pagination {
    has_more: bool,
    next_offset: String,
    results: u64,
}

/// Without keys nobody can ask; that is no reason not to wipe.
pub(super) async fn count(options: &Lakefs, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    let address = target.published(options.port)?;
    let file = options.credentials_file.as_deref();
    let Some(Ok(Some(keys))) = file.map(Credentials::read) else {
        return Ok(Vec::new());
    };
    Ok(vec![Amount {
        what: "repository",
        count: pages(address, &keys).await?,
        bytes: None,
    }])
}

async fn pages(address: SocketAddr, keys: &Credentials) -> Result<u64, WipeError> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let answer = repositories(address, keys, 1000, &after).await;
        let answer = answer.map_err(|error| WipeError::Lakefs {
            said: error.to_string(),
        })?;
        let page: Page = match answer.status {
            200 => serde_json::from_str(&answer.body).map_err(|error| WipeError::Lakefs {
                said: error.to_string(),
            })?,
            // Keys that it does not know: see above.
            401 => return Ok(count),
            status => {
                let said = format!("it answers {status}");
                return Err(WipeError::Lakefs { said });
            }
        };
        count += page.pagination.results;
        if !page.pagination.has_more {
            return Ok(count);
        }
        after = page.pagination.next_offset;
    }
}
