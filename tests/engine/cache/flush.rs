//! Which keys a flush takes.

use std::collections::{BTreeMap, BTreeSet};

use devinfra::cache::{Bootstrapped, Timing, bootstrap};
use devinfra::model::Valkey;
use redis::cmd;

use super::{
    KEPT, MARKER, STALE, address, ask, cache_that_is_up, connect, dumped, fill, names, namespace,
    run_id,
};
use crate::support::block_on;

#[test]
fn exactly_the_stale_keys_go_out_of_200_000() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    let (mut all, elsewhere) = block_on(async {
        let mut connection = connect(port, 0).await;
        let mut prefixes: Vec<String> = STALE.map(|prefix| format!("kh:{prefix}")).into();
        prefixes.extend(KEPT.map(|prefix| format!("kh:{prefix}")));
        // Neighbours that a careless pattern would take along.
        let neighbours = [
            "kh2:list:",
            "k:list:",
            "akh:list:",
            "KH:list:",
            "kh::list:",
            "kh:lists:",
            "kh:x:list:",
            "list:",
            "kh",
            "kh:",
            "kh:list",
            "kh*:list:",
            "kh:\u{fc}:list:",
        ];
        prefixes.extend(neighbours.map(str::to_owned));
        let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        let mut keys = names(&prefixes, 200_000);
        keys.push(b"kh:list:\xff\x00\r\n".to_vec());
        keys.push(b"kh:\xff:list:".to_vec());
        fill(&mut connection, &keys).await;
        ask::<u64>(&mut connection, &["DEL", MARKER]).await;
        let mut other = connect(port, 1).await;
        fill(&mut other, &names(&["kh:list:", "kh:tok:"], 100)).await;
        (dumped(&mut connection).await, dumped(&mut other).await)
    });
    let is_stale = |key: &[u8]| {
        let stale = STALE.map(|prefix| format!("kh:{prefix}"));
        stale
            .iter()
            .any(|prefix| key.starts_with(prefix.as_bytes()))
    };
    let stale = all.keys().filter(|key| is_stale(key)).count();
    assert!(stale > 80_000, "{stale}");

    let counted = project.run(&["cache", "bootstrap", "--dry-run", "--json"]);
    let counted = counted.succeeds().json();
    let of = |part: &str| -> u64 {
        let prefixes = counted[part].as_array().unwrap();
        prefixes
            .iter()
            .map(|one| one["keys"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(of("flushed"), stale as u64);
    assert_eq!(counted["current"], false);

    let done = project.run(&["cache", "bootstrap", "--json"]).succeeds();
    assert_eq!(done.json()["outcome"], "flushed");
    assert_eq!(done.json()["keys"], stale as u64);
    all.retain(|key, _| !is_stale(key));
    block_on(async {
        let mut connection = connect(port, 0).await;
        let marker: String = ask(&mut connection, &["GET", MARKER]).await;
        assert_eq!(marker, run_id(&mut connection).await);
        let lives: i64 = ask(&mut connection, &["TTL", MARKER]).await;
        assert_eq!(lives, -1);
        let mut left = dumped(&mut connection).await;
        left.remove(MARKER.as_bytes());
        let names = |all: &BTreeMap<Vec<u8>, Vec<u8>>| -> BTreeSet<String> {
            all.keys()
                .map(|key| key.escape_ascii().to_string())
                .collect()
        };
        assert_eq!(names(&left), names(&all));
        assert_eq!(left, all);
        assert_eq!(dumped(&mut connect(port, 1).await).await, elsewhere);
    });

    let again = project.run(&["cache", "bootstrap", "--json"]).succeeds();
    assert_eq!(again.json()["outcome"], "current");
}

#[test]
fn glob_characters_in_the_namespace_match_themselves() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    block_on(async {
        let mut connection = connect(port, 0).await;
        for name in ["k*", "k?", "[k]h", r"k\h", "k[^x]", "k-h"] {
            let own = format!("{name}:list:x").into_bytes();
            let others = ["kh:list:x", "kk:list:x", "k:list:x", "[k]i:list:x"];
            let mut keys: Vec<Vec<u8>> = others.map(|key| key.as_bytes().to_vec()).into();
            keys.push(own.clone());
            fill(&mut connection, &keys).await;
            let (options, named) = (Valkey::at(port), namespace(name));
            let done = bootstrap(&options, address(port), &named, Timing::default()).await;
            let done = done.unwrap();
            assert!(
                matches!(done, Bootstrapped::Flushed { keys: 1, .. }),
                "{name}: {done:?}"
            );
            let there: bool = cmd("EXISTS")
                .arg(&own)
                .query_async(&mut connection)
                .await
                .unwrap();
            assert!(!there, "{name}");
            let mut exists = vec!["EXISTS"];
            exists.extend(others);
            assert_eq!(ask::<u64>(&mut connection, &exists).await, 4, "{name}");
        }
    });
}

#[test]
fn up_flushes_after_each_restart_and_not_otherwise() {
    let project = cache_that_is_up();
    let port = project.port("CACHE_PORT");
    let put = || {
        block_on(async {
            let mut connection = connect(port, 0).await;
            fill(
                &mut connection,
                &names(&["kh:list:", "kh:lakefs:list:"], 20),
            )
            .await;
        });
    };
    let left =
        || -> u64 { block_on(async { ask(&mut connect(port, 0).await, &["DBSIZE"]).await }) };
    put();
    project.up();
    assert_eq!(left(), 21);
    project.down();
    let again = project.up();
    assert_eq!(left(), 11);
    let told = again
        .events()
        .into_iter()
        .find(|one| one["event"] == "bootstrapped");
    assert_eq!(
        told.unwrap()["done"][0],
        "flushed 10 keys that may be stale"
    );
}
