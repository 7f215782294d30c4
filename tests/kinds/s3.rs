//! Emptying a bucket: MinIO in one call, every other store by its listings.

use std::sync::Mutex;

use devinfra::engine::FakeEngine;
use devinfra::kinds::{Amount, Target, WipeError, wipe};
use devinfra::model::{ContainerId, Kind, S3};

use crate::server::{Asked, Server, Told, told};

const MINIO: &str = "Server: MinIO\r\n";

async fn wiped(server: &Server) -> Result<Vec<Amount>, WipeError> {
    let kind = Kind::S3(S3 {
        port: 9000,
        access_key: "key".to_owned(),
        secret_key: "secret".into(),
        region: "us-east-1".to_owned(),
        bucket: Some("hub".to_owned()),
    });
    let target = Target {
        ports: &server.ports,
        container: &ContainerId(String::new()),
        engine: &FakeEngine::default(),
    };
    wipe(&kind, &target).await
}

/// What was asked, without the signature.
fn asked(server: &Server) -> Vec<String> {
    let lines = server.lines().into_iter();
    let short = lines.map(|line| {
        let (path, query) = line.split_once('?').unwrap_or((&line, ""));
        let names = query.split('&').map(|pair| pair.split('=').next().unwrap());
        let own: Vec<&str> = names.filter(|name| !name.starts_with("X-Amz-")).collect();
        format!("{path} {}", own.join("&"))
    });
    short.collect()
}

#[tokio::test]
async fn minio_deletes_a_bucket_with_everything_in_it() {
    let server = Server::new(9000, |asked: &Asked| match asked.method.as_str() {
        "DELETE" => {
            assert!(asked.has("x-minio-force-delete: true"));
            assert!(
                asked.target.contains("x-minio-force-delete"),
                "it must be signed"
            );
            told(204, "")
        }
        _ => Told {
            headers: MINIO,
            ..told(200, "<R><IsTruncated>false</IsTruncated></R>")
        },
    })
    .await;
    wiped(&server).await.unwrap();
    let asked = asked(&server);
    assert_eq!(asked.first().map(String::as_str), Some("HEAD /hub/ "));
    let last: Vec<&str> = asked.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(last, ["PUT /hub/ ", "DELETE /hub/ "]);
}

/// Two pages of versions, one of them a mark of a deletion, and an open upload.
#[tokio::test]
async fn other_stores_are_emptied_by_their_listings() {
    let left = Mutex::new(true);
    let server = Server::new(9000, move |asked: &Asked| {
        let mut left = left.lock().unwrap();
        let has = |name: &str| {
            let query = asked.target.split_once('?').map_or("", |(_, query)| query);
            query.split('&').any(|pair| pair.split('=').next() == Some(name))
        };
        match asked.method.as_str() {
            "POST" => {
                assert!(asked.headers.iter().any(|line| line.starts_with("content-md5: ")));
                if asked.body.contains("<Key>b&amp;c</Key><VersionId>2</VersionId>") {
                    *left = false;
                }
                told(200, "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></DeleteResult>")
            }
            "DELETE" => told(204, ""),
            "GET" if has("uploads") => told(
                200,
                "<R><Upload><Key>open</Key><UploadId>7</UploadId></Upload></R>",
            ),
            "GET" if has("versions") && *left && !has("key-marker") => told(
                200,
                "<R><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>\
                 <Version><Key>a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>\
                 <Size>7</Size></Version></R>",
            ),
            "GET" if has("versions") && *left => told(
                200,
                "<R><DeleteMarker><Key>b&amp;c</Key><VersionId>2</VersionId></DeleteMarker></R>",
            ),
            _ => told(200, "<R></R>"),
        }
    })
    .await;
    let amount = |what, count, bytes| Amount { what, count, bytes };
    assert_eq!(
        wiped(&server).await.unwrap(),
        [amount("object", 1, Some(7)), amount("open upload", 1, None)]
    );
    let asked = asked(&server);
    assert!(
        asked.contains(&"DELETE /hub/open uploadId".to_owned()),
        "{asked:?}"
    );
    assert_eq!(
        asked.iter().filter(|line| line.starts_with("POST")).count(),
        2
    );
}

#[tokio::test]
async fn what_fills_up_while_it_is_emptied_is_told() {
    let server = Server::new(9000, |asked: &Asked| match asked.method.as_str() {
        "POST" => told(
            200,
            "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></DeleteResult>",
        ),
        "GET" if asked.target.contains("versions") || asked.target.contains("uploads") => {
            told(501, "")
        }
        _ => told(200, "<R><Contents><Key>a</Key></Contents></R>"),
    })
    .await;
    assert_eq!(wiped(&server).await.unwrap_err().code(), "reset.refilled");
}
