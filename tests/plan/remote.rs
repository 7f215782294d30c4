//! An engine of another machine: what it publishes is not asked for here, where others may answer.

use std::net::TcpListener;
use std::time::Duration;

use devinfra::apply::Stop;
use devinfra::flow::{
    Cache, Counting, FlowError, Look, ResetRequest, bootstrap_cache, check_cache, status,
};
use devinfra::model::{Kind, TcpProbe, Valkey, ValkeyKeys};
use devinfra::plan::{Depth, Goal, Up};
use tempfile::tempdir;

use crate::world::{Change as _, engine_for, name, reach, session, stack};

#[tokio::test]
async fn status_does_not_ask_what_answers_on_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let stack = stack(&["db", "worker"])
        .publishes("db", port)
        .change("db", |db| db.kind = Kind::Tcp(TcpProbe { port: 80 }));
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let (engine, directory) = (engine.elsewhere(), tempdir().unwrap());
    let ((_stopper, stop), locks) = (Stop::new(), directory.path().to_owned());
    let session = session(&stack, &engine, &stop, &locks);
    let found = status(&session).await.unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.ready, one.reason.as_deref()))
        .collect();
    let reason = "not asked: its ports are on the engine's machine";
    assert_eq!(shown, [("db", false, Some(reason)), ("worker", true, None)]);
}

#[tokio::test]
async fn nothing_is_wiped_or_flushed_through_this_machines_ports() {
    let keys = ValkeyKeys {
        namespace: "kh".to_owned(),
        flushed: vec!["list:".to_owned()],
        kept: Vec::new(),
    };
    let valkey = Valkey {
        keys: Some(keys),
        ..Valkey::at(80)
    };
    let stack = stack(&["cache"])
        .publishes("cache", 6379)
        .change("cache", |cache| cache.kind = Kind::Valkey(valkey));
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    engine.take_calls();
    let (engine, directory) = (engine.elsewhere(), tempdir().unwrap());
    let ((_stopper, stop), locks) = (Stop::new(), directory.path().to_owned());
    let session = session(&stack, &engine, &stop, &locks);
    for depth in [Depth::InPlace, Depth::Hard] {
        let request = ResetRequest {
            services: Vec::new(),
            depth,
            wait_timeout: Duration::from_secs(5),
            counting: Counting::All,
        };
        let refused = request.prepare(&session).await.map(|_prepared| ());
        assert!(matches!(refused, Err(FlowError::Remote { .. })));
    }
    let cache = Cache::choose(&stack, Some(&name("cache"))).unwrap();
    let refused = check_cache(&session, cache, Look::Outside).await;
    assert!(matches!(refused, Err(FlowError::Remote { .. })));
    let refused = bootstrap_cache(&session, cache).await;
    assert!(matches!(refused, Err(FlowError::Remote { .. })));
    assert_eq!(engine.take_calls(), [""; 0]);
}
