//! The recorded answers, row by row.

use crate::double::{Double, GOOD, SETUP};
use crate::fake_s3::FakeS3;

const API: &str = "/api/v1";
const UNAUTHORIZED: &str = "401 {\"message\":\"error authenticating request\"}\n";

fn setup_state(missing: bool, state: &str) -> String {
    format!(
        "200 {{\"comm_prefs_missing\":{missing},\"login_config\":{{\"RBAC\":\"none\",\
         \"login_cookie_names\":[\"internal_auth_session\"],\"login_failed_message\":\
         \"The credentials don't match.\",\"login_url\":\"\",\"login_url_method\":\"none\",\
         \"logout_url\":\"\"}},\"state\":\"{state}\"}}\n"
    )
}

fn repository(name: &str) -> String {
    format!(
        "{{\"creation_date\":<now>,\"default_branch\":\"main\",\"id\":\"{name}\",\
         \"read_only\":false,\"storage_id\":\"\",\"storage_namespace\":\"s3://hub/{name}\"}}"
    )
}

fn page(more: bool, next: &str, names: &[&str]) -> String {
    let results: Vec<String> = names.iter().map(|name| repository(name)).collect();
    format!(
        "200 {{\"pagination\":{{\"has_more\":{more},\"max_per_page\":1000,\
         \"next_offset\":\"{next}\",\"results\":{}}},\"results\":[{}]}}\n",
        names.len(),
        results.join(",")
    )
}

fn with_store() -> (FakeS3, Double) {
    let store = FakeS3::start();
    let double = Double::new()
        .env("BLOCKSTORE_S3_ENDPOINT", &store.endpoint)
        .set_up();
    (store, double)
}

#[test]
fn health_names_the_installation_for_as_long_as_its_data_lives() {
    let mut double = Double::new().started();
    let health = double.get("/_health", "");
    assert!(
        health
            .head
            .contains("Content-Type: text/plain; charset=utf-8"),
        "{}",
        health.head
    );
    let id = health.body.strip_prefix("alive! ").unwrap();
    assert_eq!(
        (health.status, id.len(), id.matches('-').count()),
        (200, 36, 4)
    );
    for path in ["/healthcheck", "/api/v1/healthcheck"] {
        assert_eq!(double.get(path, "").row(), "204 ");
    }
    double.stop();
    double.start();
    assert_eq!(double.get("/_health", "").body, health.body);
}

#[test]
fn setup_happens_once() {
    let double = Double::new().started();
    let setup = |body: &str| double.post(&format!("{API}/setup_lakefs"), "", body).row();
    let state = || double.get(&format!("{API}/setup_lakefs"), "").row();
    assert_eq!(state(), setup_state(true, "not_initialized"));
    let empty = setup(r#"{"username":""}"#);
    assert_eq!(empty, "400 {\"message\":\"empty user display name\"}\n");
    assert_eq!(
        setup(SETUP),
        "200 {\"access_key_id\":\"key\",\"creation_date\":<now>,\"secret_access_key\":\"secret\"}\n"
    );
    assert_eq!(
        setup(SETUP),
        "409 {\"message\":\"lakeFS already initialized\"}\n"
    );
    assert_eq!(state(), setup_state(true, "initialized"));
}

#[test]
fn setup_without_a_key_makes_one_that_works() {
    let double = Double::new()
        .env("EMAIL_SUBSCRIPTION_ENABLED", "false")
        .started();
    let made = double
        .post(
            &format!("{API}/setup_lakefs"),
            "",
            r#"{"username":"admin"}"#,
        )
        .body;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    let (id, secret) = (text("access_key_id"), text("secret_access_key"));
    assert!(id.starts_with("AKIAJ") && id.ends_with('Q'), "{id}");
    assert_eq!(
        double
            .get(&format!("{API}/user"), &format!("{id}:{secret}"))
            .status,
        200
    );
    let state = double.get(&format!("{API}/setup_lakefs"), "").row();
    assert_eq!(state, setup_state(false, "initialized"));
}

#[test]
fn credentials_decide_who_a_caller_is() {
    let nobody = "200 {\"user\":{\"creation_date\":0,\"id\":\"\"}}\n";
    let user = |double: &Double, pair: &str| double.get(&format!("{API}/user"), pair).row();
    let repositories =
        |double: &Double, pair: &str| double.get(&format!("{API}/repositories"), pair).row();
    let fresh = Double::new().started();
    assert_eq!(
        (user(&fresh, ""), user(&fresh, GOOD)),
        (nobody.into(), UNAUTHORIZED.into())
    );

    let mut double = Double::new().set_up();
    assert_eq!(user(&double, ""), nobody);
    assert_eq!(
        user(&double, GOOD),
        "200 {\"user\":{\"creation_date\":<now>,\"email\":\"\",\"friendly_name\":\"\",\
         \"id\":\"admin\"}}\n"
    );
    assert_eq!(user(&double, "key:wrong"), UNAUTHORIZED);
    assert_eq!(repositories(&double, "other:secret"), UNAUTHORIZED);
    assert_eq!(repositories(&double, ""), UNAUTHORIZED);
    assert_eq!(repositories(&double, GOOD), page(false, "", &[]));

    let log = double.stop().1;
    assert!(
        log.contains("built in authenticator: invalid secret access key"),
        "{log}"
    );
    assert!(
        log.contains("built in authenticator: credentials not found"),
        "{log}"
    );
}

#[test]
fn another_encryption_key_makes_the_secrets_unreadable() {
    let mut double = Double::new().set_up();
    double.stop();
    double.set("AUTH_ENCRYPT_SECRET_KEY", "another key");
    double.start();
    assert_eq!(double.get(&format!("{API}/user"), GOOD).row(), UNAUTHORIZED);
    let state = double.get(&format!("{API}/setup_lakefs"), "").row();
    assert_eq!(state, setup_state(true, "initialized"));
    let log = double.stop().1;
    assert!(
        log.contains("built in authenticator: could not decrypt value"),
        "{log}"
    );
}

#[test]
fn the_version_is_told() {
    let version = Double::new()
        .started()
        .get(&format!("{API}/config/version"), "")
        .row();
    assert_eq!(
        version,
        "200 {\"version\":\"1.84.1\",\"version_context\":\"lakeFS\"}\n"
    );
}

#[test]
fn repositories_are_created_listed_by_page_and_deleted() {
    let (store, double) = with_store();
    assert_eq!(store.requests(), Vec::<String>::new());
    for name in ["page-1", "page-2", "page-3"] {
        let created = double.create(name, &format!("s3://hub/{name}")).row();
        assert_eq!(created, format!("201 {}\n", repository(name)));
    }
    let get = |path: &str| double.get(&format!("{API}/repositories{path}"), GOOD).row();
    assert_eq!(
        get("?amount=2"),
        page(true, "page-2", &["page-1", "page-2"])
    );
    assert_eq!(get("?amount=2&after=page-2"), page(false, "", &["page-3"]));
    assert_eq!(get("?prefix=page-2"), page(false, "", &["page-2"]));
    assert_eq!(get("/page-1"), format!("200 {}\n", repository("page-1")));
    let not_found = "404 {\"message\":\"repository not found\"}\n";
    assert_eq!(
        (get("/none"), double.delete("none")),
        (not_found.into(), 404)
    );

    assert_eq!(double.delete("page-2?force=true"), 204);
    assert_eq!(get(""), page(false, "", &["page-1", "page-3"]));
    let left = store.paths();
    assert_eq!(left.len(), 3);
    assert_eq!(left[1], "/hub/page-2/_lakefs/dummy");
}

#[test]
fn a_page_has_100_repositories_and_never_more_than_1000() {
    let double = Double::new().env("BLOCKSTORE_TYPE", "mem").set_up();
    for number in 0..101 {
        let created = double.create(&format!("r-{number:03}"), &format!("mem://hub/{number}"));
        assert_eq!(created.status, 201);
    }
    let get = |query: &str| {
        double
            .get(&format!("{API}/repositories{query}"), GOOD)
            .row()
    };
    assert!(get("").contains("\"has_more\":true,\"max_per_page\":1000,\"next_offset\":\"r-099\""));
    assert!(get("?amount=1000").contains("\"has_more\":false"));
    let start = "400 {\"message\":\"parameter \\\"amount\\\" in query has an error: \
                 number must be at most 1000";
    assert!(
        get("?amount=5000").starts_with(start),
        "{}",
        get("?amount=5000")
    );
}

#[test]
fn repositories_that_can_not_be_are_refused() {
    let (store, double) = with_store();
    let create = |name: &str, namespace: &str| double.create(name, namespace).row();
    assert_eq!(double.create("repo-one", "s3://hub/repo-one").status, 201);

    let short = create("ab", "s3://hub/ab");
    let start = "400 {\"message\":\"request body has an error: doesn't match schema \
                 #/components/schemas/RepositoryCreation: Error at \\\"/name\\\": \
                 string doesn't match the regular expression";
    assert!(short.starts_with(start), "{short}");
    let taken = create("repo-one", "s3://hub/elsewhere");
    assert_eq!(
        taken,
        "409 {\"message\":\"error creating repository: not unique\"}\n"
    );
    assert_eq!(
        create("repo-two", "s3://hub/repo-one"),
        "400 {\"message\":\"failed to create repository: found lakeFS objects in the storage \
         (:s3://hub/repo-one) key(_lakefs/dummy): storage namespace already in use\"}\n"
    );
    let other = create("repo-two", "local://hub/repo-two");
    let regex = "failed to match required regex ^s3://: invalid namespace";
    assert_eq!(other, format!("400 {{\"message\":\"{regex}\"}}\n"));
    let failed = "400 {\"message\":\"failed to create repository: failed to access storage\"}\n";
    assert_eq!(create("repo-two", "s3://missing/repo-two"), failed);
    assert_eq!(store.paths(), ["/hub/repo-one/_lakefs/dummy"]);

    let mut down = Double::new().set_up();
    assert_eq!(down.create("repo-two", "s3://hub/repo-two").row(), failed);
    let log = down.stop().1;
    let warning = "level=warning msg=\"Could not access storage namespace\" reason=unknown error=";
    assert!(log.contains(warning), "{log}");
}

#[test]
fn unknown_paths_are_404() {
    let double = Double::new().set_up();
    for path in ["/api/v1/nothing", "/api/v1", "/nothing"] {
        assert_eq!(double.get(path, GOOD).status, 404, "{path}");
    }
}
