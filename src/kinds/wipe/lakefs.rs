//! LakeFS: how many repositories it has.

use std::net::SocketAddr;

use serde::Deserialize;

use super::Amount;
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
pub(super) async fn count(options: &Lakefs, target: &Target<'_>) -> Option<Vec<Amount>> {
    let address = target.published(options.port).ok()?;
    let file = options.credentials_file.as_deref();
    let Some(Ok(Some(keys))) = file.map(Credentials::read) else {
        return Some(Vec::new());
    };
    Some(vec![Amount {
        what: "repository",
        count: pages(address, &keys).await?,
        bytes: None,
    }])
}

async fn pages(address: SocketAddr, keys: &Credentials) -> Option<u64> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let answer = repositories(address, keys, 1000, &after).await.ok()?;
        let page: Page = match answer.status {
            200 => serde_json::from_str(&answer.body).ok()?,
            // Keys that it does not know: see above.
            401 => return Some(count),
            _ => return None,
        };
        count += page.pagination.results;
        if !page.pagination.has_more {
            return Some(count);
        }
        after = page.pagination.next_offset;
    }
}
