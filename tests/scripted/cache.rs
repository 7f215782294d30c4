//! A cache that is well: as much of Valkey as the checks, the flush and the statistics ask for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::ScriptedEngine;
use crate::resp::{bulk, serve};

/// A stack whose cache declares what [`answer`] says.
const STACK: &str = "
name: scripted
services:
  cache:
    image: example/db:1
    command: valkey-server --save 300 100 --appendonly no --maxmemory 256mb --maxmemory-policy noeviction
    ports: ['127.0.0.1::6379']
    volumes: ['./data:/data']
    environment: {DB_PASSWORD: planted-4f1c9e}
    stop_grace_period: 1s
    x-devinfra: {kind: valkey, keys: {namespace: kh, flushed: ['sess:'], kept: ['repo:']}}
";

type Keys = BTreeMap<String, Key>;

#[derive(Debug)]
struct Key {
    value: String,
    /// Seconds left; -1 where it lasts.
    left: i64,
}

/// An engine whose one container is a healthy cache. Its keys outlive restarts, which it notices.
pub(crate) async fn engine_with_cache() -> ScriptedEngine {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(STACK);
    let starts = Arc::clone(&engine.world().starts);
    let keys = Mutex::new(Keys::new());
    let port = serve(move |words| {
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<&str> = words.split(' ').collect();
        answer(&words, &mut keys, &starts)
    });
    let port = port.await;
    engine.world().server = Some(port);
    engine
}

fn answer(words: &[&str], keys: &mut Keys, starts: &AtomicUsize) -> String {
    match words {
        ["INFO", ..] => info(keys, starts.load(Ordering::Relaxed)),
        ["PING"] => "+PONG\r\n".to_owned(),
        ["ECHO", word] => bulk(word),
        ["CONFIG", "GET", name] => list(&[name, setting(name)]),
        ["GET", key] => keys
            .get(*key)
            .map_or("$-1\r\n".to_owned(), |one| bulk(&one.value)),
        ["TTL", key] => integer(keys.get(*key).map_or(-2, |one| one.left)),
        ["UNLINK", names @ ..] => {
            let gone = names.iter().filter(|name| keys.remove(**name).is_some());
            integer(i64::try_from(gone.count()).unwrap())
        }
        ["SET", key, value, options @ ..] => set(keys, key, value, options),
        ["EVAL", script @ .., key, token, _millis] if script.contains(&"redis.call('pexpire',") => {
            integer(i64::from(
                keys.get(*key).is_some_and(|one| one.value == *token),
            ))
        }
        ["EVAL", script @ .., lock, marker, token, value]
            if script.contains(&"redis.call('set',") =>
        {
            let is_held = keys.get(*lock).is_some_and(|one| one.value == *token);
            if is_held {
                keys.remove(*lock);
                set(keys, marker, value, &[]);
            }
            integer(i64::from(is_held))
        }
        ["EVAL", .., lock, _token] => integer(i64::from(keys.remove(*lock).is_some())),
        ["SCAN", _cursor, rest @ ..] => {
            let pattern = rest.iter().skip_while(|word| **word != "MATCH").nth(1);
            let found = keys
                .keys()
                .filter(|key| pattern.is_none_or(|one| matches(one, key)));
            let found: Vec<&str> = found.map(String::as_str).collect();
            format!("*2\r\n{}{}", bulk("0"), list(&found))
        }
        ["MEMORY", "USAGE", _key] => integer(64),
        _ => format!("-ERR unknown command '{}'\r\n", words.join(" ")),
    }
}

fn set(keys: &mut Keys, key: &str, value: &str, options: &[&str]) -> String {
    if options.contains(&"NX") && keys.contains_key(key) {
        return "$-1\r\n".to_owned();
    }
    let lasts = !options.contains(&"EX") && !options.contains(&"PX");
    let key_value = Key {
        value: value.to_owned(),
        left: if lasts { -1 } else { 30 },
    };
    keys.insert(key.to_owned(), key_value);
    "+OK\r\n".to_owned()
}

fn setting(name: &str) -> &'static str {
    match name {
        "save" => "300 100",
        "appendonly" => "no",
        "maxmemory" => "268435456",
        "maxmemory-policy" => "noeviction",
        "dir" => "/data",
        "stop-writes-on-bgsave-error" => "yes",
        _ => "",
    }
}

fn info(keys: &Keys, starts: usize) -> String {
    let expires = keys.values().filter(|key| key.left >= 0).count();
    bulk(&format!(
        "# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.4\r\nrun_id:run-{starts}\r\n\
         process_id:1\r\nloading:0\r\nrdb_last_bgsave_status:ok\r\n\
         rdb_changes_since_last_save:0\r\naof_enabled:0\r\nused_memory:1048576\r\n\
         maxmemory:268435456\r\nmaxmemory_policy:noeviction\r\nevicted_keys:0\r\n\
         mem_fragmentation_ratio:1.10\r\ndb0:keys={},expires={expires},avg_ttl=1\r\n",
        keys.len()
    ))
}

fn integer(number: i64) -> String {
    format!(":{number}\r\n")
}

fn list(words: &[&str]) -> String {
    let parts: String = words.iter().map(|word| bulk(word)).collect();
    format!("*{}\r\n{parts}", words.len())
}

/// Whether the key has the parts between the stars, in their order and from its beginning.
fn matches(pattern: &str, key: &str) -> bool {
    let pattern = pattern.replace('\\', "");
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = key.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    true
}
