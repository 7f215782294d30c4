//! How the double starts and ends, and its last words where it can't start.

use std::fs::write;
use std::time::{Duration, Instant};

use crate::double::{Double, GOOD};

#[test]
fn missing_settings_are_named() {
    let cases = [
        (
            &["DATABASE_TYPE", "AUTH_ENCRYPT_SECRET_KEY"][..],
            "database.type auth.encrypt.secret_key",
        ),
        (&["BLOCKSTORE_TYPE"], "blockstore.type"),
    ];
    for (names, keys) in cases {
        let error = format!("bad configuration: missing required keys: [{keys}]");
        let line = format!("level=fatal msg=\"Load config\" error=\"{error}\"");
        assert_eq!(Double::new().without(names).failure(), (Some(1), line));
    }
}

#[test]
fn a_second_double_on_the_same_data_fails() {
    let first = Double::new().started();
    let path = first.path("lakefs/metadata");
    let mut second = Double::new().env("DATABASE_LOCAL_PATH", &path);
    let line = format!(
        "level=fatal msg=\"Failed to open KV store\" error=\"Cannot acquire directory lock on \
         \\\"{path}\\\".  Another process is using this Badger database. \
         err: resource temporarily unavailable\""
    );
    assert_eq!(second.failure(), (Some(1), line));
}

#[test]
fn directories_that_can_not_be_made_are_named() {
    let mut double = Double::new();
    let (path, file) = (double.path("data/metadata.db"), double.path("data"));
    write(&file, "").unwrap();
    double.set("DATABASE_LOCAL_PATH", &path);
    let line = format!(
        "level=fatal msg=\"Failed to open KV store\" error=\"Error Creating Dir: \\\"{path}\\\" \
         err: mkdir {file}: not a directory\""
    );
    assert_eq!(double.failure(), (Some(1), line));

    let mut double = Double::new().env("DATABASE_TYPE", "mem");
    let file = double.path("cache");
    write(&file, "").unwrap();
    double.set("COMMITTED_LOCAL_CACHE_DIR", &file);
    let line = format!(
        "level=fatal msg=\"failed to create catalog\" error=\"create tiered FS for committed \
         metaranges: creating base dir: {file}/meta-range - mkdir {file}: not a directory\""
    );
    assert_eq!(double.failure(), (Some(1), line));
}

#[test]
fn a_port_in_use_is_named() {
    let first = Double::new().started();
    let address = &first.address;
    let line = format!(
        "Failed to listen on {address}: listen tcp {address}: bind: address already in use"
    );
    assert_eq!(
        Double::new().env("LISTEN_ADDRESS", address).failure(),
        (Some(1), line)
    );
}

#[test]
fn data_of_a_real_lakefs_is_not_taken_for_an_empty_directory() {
    let mut double = Double::new();
    double.set("DATABASE_LOCAL_PATH", double.path(""));
    write(double.path("MANIFEST"), "").unwrap();
    let (code, line) = double.failure();
    assert_eq!(code, Some(1));
    assert!(
        line.contains("holds the database of a real LakeFS"),
        "{line}"
    );
}

#[test]
fn repositories_of_another_kind_of_store_end_the_start() {
    let mut double = Double::new().env("BLOCKSTORE_TYPE", "local").set_up();
    assert_eq!(double.create("repo", "local://hub/repo").status, 201);
    double.stop();
    double.set("BLOCKSTORE_TYPE", "s3");
    let (code, line) = double.failure();
    assert_eq!(code, Some(1));
    assert!(
        line.starts_with("level=fatal msg=\"Mismatched adapter detected"),
        "{line}"
    );
}

#[test]
fn installation_variables_set_it_up_once() {
    let mut double = Double::new()
        .env("INSTALLATION_USER_NAME", "admin")
        .env("INSTALLATION_ACCESS_KEY_ID", "key")
        .env("INSTALLATION_SECRET_ACCESS_KEY", "secret")
        .started();
    assert!(
        double
            .get("/api/v1/user", GOOD)
            .body
            .contains("\"id\":\"admin\"")
    );
    assert!(
        double
            .stop()
            .1
            .contains("msg=\"Initial setup completed successfully\"")
    );
    double.start();
    assert_eq!(double.get("/api/v1/user", GOOD).status, 200);
    assert!(!double.stop().1.contains("Initial setup"));
}

#[test]
fn a_signal_ends_it_at_once() {
    let mut double = Double::new().started();
    let start = Instant::now();
    let (code, log) = double.stop();
    assert_eq!(code, Some(0));
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    for line in ["lakeFS run", "starting HTTP server", "Up and running"] {
        assert!(log.contains(line), "{log}");
    }
}

#[test]
fn data_survives_a_restart_and_memory_does_not() {
    for (database, status) in [("local", 200), ("mem", 401)] {
        let mut double = Double::new().env("DATABASE_TYPE", database).set_up();
        double.stop();
        double.start();
        assert_eq!(double.get("/api/v1/user", GOOD).status, status);
    }
}
