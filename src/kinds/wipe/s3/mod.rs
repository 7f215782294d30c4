//! An S3 store: all objects of the application's bucket, with their versions and open uploads.

mod list;
mod place;

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::{Method, Request};
use http_body_util::Full;
use rusty_s3::S3Action as _;
use rusty_s3::actions::{DeleteObjectsResponse, ObjectIdentifier};

use list::{Listing, Page, Upload};
use place::{Place, asked, refused, sent};

use super::{Amount, WipeError};
use crate::kinds::Target;
use crate::kinds::s3::SIGNATURE_LIFE;
use crate::model::S3;

/// MinIO's own way to delete a bucket with everything in it, in one call.
const FORCE: &str = "x-minio-force-delete";
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// How often a bucket is listed again that fills up while it is emptied.
const TURNS: usize = 3;

pub(super) async fn count(options: &S3, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    match Place::of(options, target.published(options.port)?) {
        Some(place) => Ok(place.amounts().await?),
        None => Ok(Vec::new()),
    }
}

pub(super) async fn wipe(options: &S3, target: &Target<'_>) -> Result<Vec<Amount>, WipeError> {
    let Some(place) = Place::of(options, target.published(options.port)?) else {
        return Ok(Vec::new());
    };
    if place.can_force().await? {
        let amounts = place.amounts().await?;
        if place.force().await? {
            return Ok(amounts);
        }
    }
    place.by_lists().await
}

/// How much there was.
#[derive(Debug, Default)]
struct Tally {
    /// Everything with an entry of its own: objects, older versions, and marks of deletions.
    entries: u64,
    /// Objects, as an application sees them.
    objects: u64,
    /// Bytes of all versions.
    bytes: u64,
}

impl Tally {
    fn add(&mut self, page: &Page) {
        self.entries += number(page.objects.len());
        self.objects += page.current;
        self.bytes += page.bytes;
    }

    fn amounts(&self, uploads: usize) -> Vec<Amount> {
        let amount = |what, count, bytes| Amount { what, count, bytes };
        vec![
            amount("object", self.objects, Some(self.bytes)),
            amount("open upload", number(uploads), None),
        ]
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Place {
    async fn amounts(&self) -> Result<Vec<Amount>, WipeError> {
        let mut tally = Tally::default();
        let mut listing = Listing::objects();
        while let Some(page) = listing.next(self).await? {
            tally.add(&page);
        }
        Ok(tally.amounts(self.uploads().await?.len()))
    }

    /// Whether the store may know how to delete a bucket with everything in it. One without the
    /// bucket has nothing to delete: a run was killed between deleting it and making it again.
    async fn can_force(&self) -> Result<bool, WipeError> {
        let look = self.bucket.head_bucket(Some(&self.credentials));
        let url = look.sign(SIGNATURE_LIFE);
        let looked = sent("look at the bucket", Method::HEAD, url.as_str()).await?;
        Ok(looked.status != 404 && looked.server.as_deref() == Some("MinIO"))
    }

    /// Deletes the bucket whole and makes it again; false when the store does not want to: MinIO
    /// refuses it for buckets with locked objects.
    async fn force(&self) -> Result<bool, WipeError> {
        let mut action = self.bucket.delete_bucket(&self.credentials);
        action.headers_mut().insert(FORCE, "true");
        let request = Request::builder()
            .method(Method::DELETE)
            .uri(action.sign(SIGNATURE_LIFE).as_str())
            .header(FORCE, "true")
            .body(Full::new(Bytes::new()));
        let deleted = asked("delete the bucket", request).await?;
        if deleted.status != 204 {
            return Ok(false);
        }
        let make = self.bucket.create_bucket(&self.credentials);
        let made = sent(
            "make the bucket again",
            Method::PUT,
            make.sign(SIGNATURE_LIFE).as_str(),
        )
        .await?;
        match made.status {
            200 => Ok(true),
            _ => Err(refused("make the bucket again", &made)),
        }
    }

    /// Deletes what is listed, until nothing is, and says what it was.
    async fn by_lists(&self) -> Result<Vec<Amount>, WipeError> {
        let uploads = self.uploads().await?;
        for some in uploads.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|upload| self.abort(upload))).await?;
        }
        let mut all = Tally::default();
        let mut left = 0;
        for _turn in 0..TURNS {
            left = self.delete_all(Listing::versions(), &mut all).await?;
            if left == 0 {
                left = self.delete_all(Listing::objects(), &mut all).await?;
            }
            if left == 0 {
                return Ok(all.amounts(uploads.len()));
            }
        }
        Err(WipeError::Refilled {
            what: "object",
            count: left,
        })
    }

    /// Deletes everything of the listing, and says how many entries that were. Nothing is listed
    /// while something is deleted: stores that read directories fail over files that vanish.
    async fn delete_all(&self, mut listing: Listing, all: &mut Tally) -> Result<u64, WipeError> {
        let before = all.entries;
        loop {
            let mut pages = Vec::new();
            while pages.len() < AT_ONCE
                && let Some(page) = listing.next(self).await?
            {
                pages.push(page);
            }
            if pages.is_empty() {
                return Ok(all.entries - before);
            }
            try_join_all(pages.iter().map(|page| self.delete(page))).await?;
            for page in &pages {
                all.add(page);
            }
        }
    }

    async fn delete(&self, page: &Page) -> Result<(), WipeError> {
        const WANTED: &str = "delete objects";
        if page.objects.is_empty() {
            return Ok(());
        }
        let objects: &[ObjectIdentifier] = &page.objects;
        let mut action = self
            .bucket
            .delete_objects(Some(&self.credentials), objects.iter());
        action.set_quiet(true);
        let url = action.sign(SIGNATURE_LIFE);
        let (body, digest) = action.body_with_md5();
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header("content-md5", digest)
            .body(Full::new(Bytes::from(body)));
        let answer = asked(WANTED, request).await?;
        if answer.status != 200 {
            return Err(refused(WANTED, &answer));
        }
        let told = DeleteObjectsResponse::parse(&answer.body).map_err(|error| WipeError::S3 {
            wanted: WANTED,
            said: error.to_string(),
        })?;
        match told.errors.first() {
            None => Ok(()),
            Some(error) => Err(WipeError::S3 {
                wanted: WANTED,
                said: format!("`{}`: {} {}", error.key, error.code, error.message),
            }),
        }
    }

    async fn uploads(&self) -> Result<Vec<Upload>, WipeError> {
        let mut uploads = Vec::new();
        let mut listing = Listing::uploads();
        while let Some(page) = listing.next(self).await? {
            uploads.extend(page.uploads);
        }
        Ok(uploads)
    }

    async fn abort(&self, upload: &Upload) -> Result<(), WipeError> {
        let credentials = Some(&self.credentials);
        let action = self
            .bucket
            .abort_multipart_upload(credentials, &upload.key, &upload.id);
        let url = action.sign(SIGNATURE_LIFE);
        let answer = sent("abort an upload", Method::DELETE, url.as_str()).await?;
        match answer.status {
            200 | 204 | 404 => Ok(()),
            _ => Err(refused("abort an upload", &answer)),
        }
    }
}
