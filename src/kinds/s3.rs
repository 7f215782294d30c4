//! An S3 store: a signed request.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use super::http::{Answer, get, send};
use super::{BootstrapError, Deed, Never, Readiness, Target};
use crate::model::S3;

/// How long a signature is good for.
pub(super) const SIGNATURE_LIFE: Duration = Duration::from_mins(1);
/// The bucket asked about where none is meant. It need not exist.
pub(super) const ANY_BUCKET: &str = "devinfra-probe";

/// Asks for the bucket's first object. Whether the bucket exists does not matter here: an answer to
/// a signed request proves the store, the keys and the clock.
pub(super) async fn probe(options: &S3, address: Result<SocketAddr, Readiness>) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    let Some(url) = signed_listing(options, address) else {
        return Readiness::NotYet("its address makes no URL".to_owned());
    };
    match get(&url).await {
        Ok(answer) => judge(options, &answer),
        Err(error) => Readiness::NotYet(error.to_string()),
    }
}

/// Makes the application's bucket where it is not there yet.
///
/// # Errors
///
/// When the store refuses or does not answer.
pub(super) async fn bootstrap(
    options: &S3,
    target: &Target<'_>,
) -> Result<Vec<Deed>, BootstrapError> {
    let Some(name) = &options.bucket else {
        return Ok(Vec::new());
    };
    let failed = |said: String| BootstrapError::Bucket {
        bucket: name.clone(),
        said,
    };
    let address = target.published(options.port)?;
    let bucket = bucket(options, address, name)
        .ok_or_else(|| failed("it is no name that a bucket can have".to_owned()))?;
    let credentials = credentials(options);
    let look = bucket.head_bucket(Some(&credentials)).sign(SIGNATURE_LIFE);
    let looked = send(Method::HEAD, look.as_str()).await;
    let looked = looked.map_err(|error| failed(error.to_string()))?;
    if looked.status == 200 {
        return Ok(Vec::new());
    }
    let make = bucket.create_bucket(&credentials).sign(SIGNATURE_LIFE);
    let made = send(Method::PUT, make.as_str()).await;
    let made = made.map_err(|error| failed(error.to_string()))?;
    match (made.status, error_code(&made.body)) {
        (200, _) => Ok(vec![Deed::BucketCreated {
            bucket: name.clone(),
        }]),
        // Somebody else has made it between the two requests.
        (409, Some("BucketAlreadyOwnedByYou")) => Ok(Vec::new()),
        (status, code) => Err(failed(format!(
            "it answers {status} {}",
            code.unwrap_or_default()
        ))),
    }
}

pub(super) fn credentials(options: &S3) -> Credentials {
    Credentials::new(&options.access_key, options.secret_key.reveal())
}

pub(super) fn bucket(options: &S3, address: SocketAddr, name: &str) -> Option<Bucket> {
    let endpoint = format!("http://{address}").parse().ok()?;
    let (name, region) = (name.to_owned(), options.region.clone());
    Bucket::new(endpoint, UrlStyle::Path, name, region).ok()
}

fn signed_listing(options: &S3, address: SocketAddr) -> Option<String> {
    let name = options.bucket.as_deref().unwrap_or(ANY_BUCKET);
    let bucket = bucket(options, address, name)?;
    let credentials = credentials(options);
    let mut listing = bucket.list_objects_v2(Some(&credentials));
    listing.with_max_keys(1);
    Some(listing.sign(SIGNATURE_LIFE).to_string())
}

/// The codes of <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn judge(options: &S3, answer: &Answer) -> Readiness {
    let code = error_code(&answer.body);
    match (answer.status, code) {
        (200, _) | (404, Some("NoSuchBucket")) => Readiness::Ready,
        (403, Some("RequestTimeTooSkewed")) => Readiness::Never(Never::S3ClockSkew),
        (403, code) => Readiness::Never(Never::S3Credentials {
            access_key: options.access_key.clone(),
            said: code.unwrap_or("403").to_owned(),
        }),
        (status, code) => {
            Readiness::NotYet(format!("it answers {status} {}", code.unwrap_or_default()))
        }
    }
}

/// `<Error><Code>NoSuchBucket</Code>…`: the one element of the answer that is needed.
pub(super) fn error_code(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, code: &str) -> Readiness {
        let options = S3 {
            port: 9000,
            access_key: "key".to_owned(),
            secret_key: "secret".into(),
            region: "us-east-1".to_owned(),
            bucket: None,
        };
        let body = format!("<?xml?><Error><Code>{code}</Code></Error>");
        judge(
            &options,
            &Answer {
                status,
                server: None,
                body,
            },
        )
    }

    #[test]
    fn a_missing_bucket_proves_the_keys_and_a_refused_key_never_works() {
        assert_eq!(judged(404, "NoSuchBucket"), Readiness::Ready);
        assert_eq!(
            judged(403, "RequestTimeTooSkewed"),
            Readiness::Never(Never::S3ClockSkew)
        );
        assert!(matches!(
            judged(403, "SignatureDoesNotMatch"),
            Readiness::Never(_)
        ));
        assert!(matches!(
            judged(503, "XMinioServerNotInitialized"),
            Readiness::NotYet(_)
        ));
    }
}
