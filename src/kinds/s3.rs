//! An S3 store: a signed request.

use std::net::SocketAddr;
use std::time::Duration;

use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use super::http::{Answer, get};
use super::{Never, Readiness};
use crate::model::S3;

/// How long a signature is good for.
const SIGNATURE_LIFE: Duration = Duration::from_mins(1);
/// The bucket asked about when the stack file names none. It need not exist.
const ANY_BUCKET: &str = "devinfra-probe";

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

fn signed_listing(options: &S3, address: SocketAddr) -> Option<String> {
    let endpoint = format!("http://{address}").parse().ok()?;
    let name = options
        .bucket
        .clone()
        .unwrap_or_else(|| ANY_BUCKET.to_owned());
    let bucket = Bucket::new(endpoint, UrlStyle::Path, name, options.region.clone()).ok()?;
    let credentials = Credentials::new(&options.access_key, options.secret_key.reveal());
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
fn error_code(body: &str) -> Option<&str> {
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
        judge(&options, &Answer { status, body })
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
