//! Listings of an S3 bucket, page by page: objects, versions, and uploads that are open.

use std::iter::from_fn;

use http::Method;
use rusty_s3::S3Action as _;
use rusty_s3::actions::ObjectIdentifier;

use super::WipeError;
use super::place::{Place, refused, sent};
use crate::kinds::s3::SIGNATURE_LIFE;

/// An upload that was begun and neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) id: String,
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) objects: Vec<ObjectIdentifier>,
    pub(super) uploads: Vec<Upload>,
    /// How many of the entries are objects as an application sees them: neither older versions nor
    /// marks of deletions.
    pub(super) current: u64,
    pub(super) bytes: u64,
}

/// Where a listing is.
#[derive(Debug)]
pub(super) struct Listing {
    what: What,
    /// The query of the next page; none behind the last.
    next: Option<Vec<(&'static str, String)>>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Objects,
    Versions,
    Uploads,
}

impl Listing {
    pub(super) fn objects() -> Self {
        Self::new(What::Objects, "list-type", "2")
    }

    pub(super) fn versions() -> Self {
        Self::new(What::Versions, "versions", "")
    }

    pub(super) fn uploads() -> Self {
        Self::new(What::Uploads, "uploads", "")
    }

    fn new(what: What, key: &'static str, value: &str) -> Self {
        Self {
            what,
            next: Some(vec![(key, value.to_owned())]),
        }
    }

    /// The next page. A store that does not know a listing has nothing of the sort.
    pub(super) async fn next(&mut self, place: &Place) -> Result<Option<Page>, WipeError> {
        const WANTED: &str = "list the bucket";
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        // The bucket itself is the object without a name.
        let mut action = place.bucket.get_object(Some(&place.credentials), "");
        for (key, value) in &query {
            action.query_mut().insert(*key, value.clone());
        }
        let url = action.sign(SIGNATURE_LIFE);
        let answer = sent(WANTED, Method::GET, url.as_str()).await?;
        match answer.status {
            200 => {}
            404 | 501 => return Ok(None),
            _ => return Err(refused(WANTED, &answer)),
        }
        let body = answer.body.as_str();
        let first = query.into_iter().take(1);
        let marks = self.marks(body);
        if text(body, "IsTruncated").as_deref() == Some("true") && !marks.is_empty() {
            self.next = Some(first.chain(marks).collect());
        }
        Ok(Some(self.page(body)))
    }

    /// Where the page behind this one begins.
    fn marks(&self, body: &str) -> Vec<(&'static str, String)> {
        let marks: &[(&'static str, &str)] = match self.what {
            What::Objects => &[("continuation-token", "NextContinuationToken")],
            What::Versions => &[
                ("key-marker", "NextKeyMarker"),
                ("version-id-marker", "NextVersionIdMarker"),
            ],
            What::Uploads => &[
                ("key-marker", "NextKeyMarker"),
                ("upload-id-marker", "NextUploadIdMarker"),
            ],
        };
        let found = marks.iter().filter_map(|(parameter, element)| {
            Some((*parameter, text(body, element)?)).filter(|(_, mark)| !mark.is_empty())
        });
        found.collect()
    }

    fn page(&self, body: &str) -> Page {
        let mut page = Page::default();
        match self.what {
            What::Uploads => {
                let uploads = elements(body, "Upload").filter_map(|one| {
                    let (key, id) = (text(one, "Key")?, text(one, "UploadId")?);
                    Some(Upload { key, id })
                });
                page.uploads = uploads.collect();
            }
            What::Objects | What::Versions => {
                for element in ["Contents", "Version", "DeleteMarker"] {
                    for one in elements(body, element) {
                        let Some(key) = text(one, "Key") else {
                            continue;
                        };
                        let mut object = ObjectIdentifier::new(key);
                        object.version_id = text(one, "VersionId");
                        page.objects.push(object);
                        let is_current = match element {
                            "Version" => text(one, "IsLatest").as_deref() != Some("false"),
                            _ => element == "Contents",
                        };
                        page.current += u64::from(is_current);
                        let size = text(one, "Size").and_then(|size| size.parse().ok());
                        page.bytes += size.unwrap_or(0_u64);
                    }
                }
            }
        }
        page
    }
}

/// What stands inside each element of this name. The answers of S3 have no attributes that matter,
/// and no element inside another of its name.
fn elements<'t>(body: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = body;
    from_fn(move || {
        let (_, inside) = rest.split_once(open.as_str())?;
        let (inside, after) = inside.split_once(close.as_str())?;
        rest = after;
        Some(inside)
    })
}

/// The text of the first element of this name.
fn text(body: &str, name: &str) -> Option<String> {
    elements(body, name).next().map(unescaped)
}

/// XML's five entities, and characters by number.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        plain.push_str(before);
        let Some((entity, after)) = from.split_once(';') else {
            plain.push('&');
            rest = from;
            continue;
        };
        match (entity, character(entity)) {
            (_, Some(character)) => plain.push(character),
            (_, None) => plain.extend(["&", entity, ";"]),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are() {
        let body = "<X><Contents><Key>a&amp;b&lt;&#xe9;&#10;</Key><Size>3</Size></Contents>\
                    <Contents><Key>plain &co</Key></Contents></X>";
        let page = Listing::objects().page(body);
        let keys: Vec<&str> = page.objects.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, ["a&b<é\n", "plain &co"]);
        assert_eq!(page.bytes, 3);
    }

    #[test]
    fn versions_and_delete_markers_are_told_apart_by_their_ids() {
        let body = "<R><Version><Key>a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest></Version>\
                    <Version><Key>b</Key><VersionId>3</VersionId><IsLatest>true</IsLatest></Version>\
                    <DeleteMarker><Key>a</Key><VersionId>2</VersionId></DeleteMarker></R>";
        let page = Listing::versions().page(body);
        let ids: Vec<_> = page
            .objects
            .iter()
            .map(|one| one.version_id.as_deref())
            .collect();
        assert_eq!(ids, [Some("1"), Some("3"), Some("2")]);
        assert_eq!(page.current, 1);
    }
}
