//! The default stack, full of data.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::support::clients::{Store, hub_database, postgres, valkey};
use crate::support::{Project, block_on};

/// The repositories of the tests: more than LakeFS lists on a page by default is not needed, since
/// it is asked for a thousand.
pub(crate) const REPOSITORIES: usize = 25;

/// What `devinfra env` tells.
#[track_caller]
pub(crate) fn variables(project: &Project) -> Value {
    let run = project.run(&["env", "--json"]).succeeds();
    run.json()["variables"].clone()
}

/// One call of the LakeFS API with the keys of `devinfra env`; gives status and body.
pub(crate) async fn lakefs(
    variables: &Value,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, String) {
    let text = |name: &str| variables[name].as_str().unwrap().to_owned();
    let (endpoint, access, secret) = (
        text("KOHAKU_HUB_LAKEFS_ENDPOINT"),
        text("KOHAKU_HUB_LAKEFS_ACCESS_KEY"),
        text("KOHAKU_HUB_LAKEFS_SECRET_KEY"),
    );
    let pair = BASE64_STANDARD.encode(format!("{access}:{secret}"));
    let request = Request::builder()
        .method(method)
        .uri(format!("{endpoint}/api/v1{path}"))
        .header("authorization", format!("Basic {pair}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Makes the repositories, and reads each.
#[track_caller]
pub(crate) fn make_repositories(variables: &Value) {
    let made = block_on(join_all((0..REPOSITORIES).map(|number| async move {
        let body = json!({
            "name": format!("repo-{number}"),
            "storage_namespace": format!("s3://hub-storage/repo-{number}"),
            "default_branch": "main",
        });
        let made = lakefs(variables, Method::POST, "/repositories", &body).await;
        let path = format!("/repositories/repo-{number}");
        let read = lakefs(variables, Method::GET, &path, &Value::Null).await;
        (made, read.0)
    })));
    for ((status, body), read) in made {
        assert_eq!((status, read), (201, 200), "{body}");
    }
}

/// Reads each of the repositories: LakeFS remembers what was read lately.
#[track_caller]
pub(crate) fn read_repositories(variables: &Value) {
    let read = block_on(join_all((0..REPOSITORIES).map(|number| async move {
        let path = format!("/repositories/repo-{number}");
        lakefs(variables, Method::GET, &path, &Value::Null).await
    })));
    for (status, body) in read {
        assert_eq!(status, 200, "{body}");
    }
}

/// 20 tables in 3 schemas, objects, repositories, keys, and a file that goes with the database.
#[track_caller]
pub(crate) fn fill(project: &Project, variables: &Value, objects: usize, keys: usize) {
    make_repositories(variables);
    let database = hub_database(project.port("DEV_POSTGRES_PORT"));
    let table = |number: usize| {
        let schema = ["public", "a", "b"][number % 3];
        format!("CREATE TABLE {schema}.t{number} (x int);")
    };
    let tables = (0..20).map(table).collect::<Vec<_>>().concat();
    let sql = format!("CREATE SCHEMA a; CREATE SCHEMA b; {tables} SELECT lo_create(0)");
    let store = Store::new(project.port("DEV_MINIO_PORT"), "hub-storage");
    let fill = format!("for i = 1, {keys} do redis.call('set', 'kh:x:' .. i, i, 'EX', 9999) end");
    let cache = project.port("DEV_VALKEY_PORT");
    block_on(async {
        postgres(&database, &sql).await.unwrap();
        let names: Vec<String> = (0..objects)
            .map(|number| format!("some/ü & <{number}>"))
            .collect();
        for some in names.chunks(50) {
            for put in join_all(some.iter().map(|name| store.put(name, "x"))).await {
                put.unwrap();
            }
        }
        for number in 0..3 {
            store.begin_upload(&format!("open-{number}")).await.unwrap();
        }
        valkey::<()>(cache, &["EVAL", &fill, "0"]).await.unwrap();
    });
    project.write("hub-meta/dev/demo-seed-manifest.json", "{}");
}

/// Everything must be gone, and usable again at once under the same keys.
#[track_caller]
pub(crate) fn is_empty(project: &Project, before: &Value) {
    let database = hub_database(project.port("DEV_POSTGRES_PORT"));
    let left = "SELECT nspname || '.' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \
                UNION ALL SELECT nspname FROM pg_namespace WHERE nspname IN ('a', 'b') \
                UNION ALL SELECT oid::text FROM pg_largeobject_metadata";
    let cache = project.port("DEV_VALKEY_PORT");
    let (tables, keys) = block_on(async {
        tokio::join!(
            postgres(&database, left),
            valkey::<Vec<String>>(cache, &["KEYS", "*"]),
        )
    });
    assert_eq!(tables, Ok(Vec::new()));
    // The mark of the cache's bootstrap is made anew.
    assert_eq!(keys.unwrap(), ["kh:cache:bootstrap_run_id"]);
    assert!(
        !project
            .path()
            .join("hub-meta/dev/demo-seed-manifest.json")
            .exists()
    );
    let store = Store::new(project.port("DEV_MINIO_PORT"), "hub-storage");
    let objects = block_on(store.lists("prefix")).unwrap();
    assert!(!objects.contains("<Key>"), "{objects}");
    // The offline store can't list them, and so nobody can see or abort them: see tests/kinds/s3.rs.
    let uploads = block_on(store.lists("uploads")).unwrap_or_default();
    assert!(!uploads.contains("<UploadId>"), "{uploads}");
    assert_eq!(
        variables(project),
        *before,
        "the application must be told the same as before"
    );
    // At once, under the same names and namespaces.
    make_repositories(before);
}
