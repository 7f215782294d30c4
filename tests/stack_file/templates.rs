//! The embedded templates.

use devinfra::model::{ContainerSpec, MountSource, Service, Stack};
use devinfra::stack_file::Loaded;
use devinfra::templates::TEMPLATES;
use insta::assert_snapshot;

use crate::world::World;

fn loaded(name: &str) -> Loaded {
    let world = World::new().with(&format!("template:{name}"));
    world
        .variable("DEVINFRA_UID", "1234")
        .variable("DEVINFRA_GID", "5678")
        .load()
        .unwrap()
}

fn kohakuhub() -> Stack {
    loaded("kohakuhub").stack
}

/// A line for each service.
fn rows(stack: &Stack, show: impl Fn(&ContainerSpec, &Service) -> Vec<String>) -> String {
    let services = stack.services.values();
    let rows = services.map(|service| {
        let shown = show(&service.container, service).join(", ");
        format!("{}: {shown}\n", service.name)
    });
    let rows: String = rows.collect();
    rows.replace(", \n", "\n").replace(": \n", ":\n")
}

#[test]
fn every_template_loads_without_a_warning() {
    for template in TEMPLATES {
        assert_eq!(loaded(template.name).warnings, [], "{}", template.name);
    }
}

#[test]
fn every_template_publishes_on_loopback_only() {
    for template in TEMPLATES {
        let stack = loaded(template.name).stack;
        let ports = stack.services.values().flat_map(|one| &one.container.ports);
        let addresses: Vec<String> = ports.map(|port| port.host_ip.to_string()).collect();
        assert!(!addresses.is_empty(), "{}", template.name);
        assert_eq!(
            addresses,
            vec!["127.0.0.1"; addresses.len()],
            "{}",
            template.name
        );
    }
}

#[test]
fn kohakuhub_has_the_names_and_images_of_the_old_scripts() {
    let shown = rows(&kohakuhub(), |container, _| {
        vec![container.name.clone(), container.image.to_string()]
    });
    assert_snapshot!(shown, @"
    lakefs: kohakuhub-dev-lakefs, treeverse/lakefs:1.84.1
    minio: kohakuhub-dev-minio, quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z
    postgres: kohakuhub-dev-postgres, postgres:15
    valkey: kohakuhub-dev-valkey, valkey/valkey:8-alpine
    ");
    let stack = kohakuhub();
    let networks: Vec<&str> = stack
        .networks
        .values()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(
        (stack.name.as_str(), networks),
        ("kohakuhub-dev", vec!["kohakuhub-dev"])
    );
}

#[test]
fn kohakuhub_has_the_ports_of_the_old_scripts() {
    let shown = rows(&kohakuhub(), |container, _| {
        container.ports.iter().map(ToString::to_string).collect()
    });
    assert_snapshot!(shown, @"
    lakefs: 127.0.0.1:28000:28000
    minio: 127.0.0.1:29001:9000, 127.0.0.1:29000:29000
    postgres: 127.0.0.1:25432:5432
    valkey: 127.0.0.1:26379:6379
    ");
}

#[test]
fn kohakuhub_keeps_its_data_where_the_old_scripts_did() {
    let stack = kohakuhub();
    let project = format!("{}/", stack.directory.display());
    let shown = rows(&stack, |container, service| {
        let mounts = container.mounts.iter().map(|mount| {
            let MountSource::Bind(bind) = &mount.source else {
                panic!("{mount:?} is no bind mount")
            };
            let (source, target) = (bind.source.to_string(), &mount.target);
            let is_data = service.data.contains(target);
            format!("{source} -> {target} (data: {is_data})").replace(&project, "")
        });
        mounts.collect()
    });
    assert_snapshot!(shown, @"
    lakefs: hub-meta/dev/lakefs-data -> /var/lakefs/data (data: true), hub-meta/dev/lakefs-cache -> /lakefs/data/cache (data: true)
    minio: hub-meta/dev/minio-data -> /data (data: true), hub-meta/dev/minio-config -> /root/.minio (data: false)
    postgres: hub-meta/dev/postgres-data -> /var/lib/postgresql/data (data: true)
    valkey: hub-meta/dev/valkey-data -> /data (data: true)
    ");
}

#[test]
fn kohakuhub_has_the_variables_and_defaults_of_the_old_scripts() {
    let shown = rows(&kohakuhub(), |container, _| {
        let variables = container.environment.iter();
        variables
            .map(|(name, value)| format!("\n  {name}={}", value.reveal()))
            .collect()
    });
    assert_snapshot!(shown, @"
    lakefs:
      LAKEFS_AUTH_ENCRYPT_SECRET_KEY=dev-lakefs-encrypt-key-32chars
      LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID=minioadmin
      LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY=minioadmin
      LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION=false
      LAKEFS_BLOCKSTORE_S3_ENDPOINT=http://minio:9000
      LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE=true
      LAKEFS_BLOCKSTORE_S3_PRE_SIGNED_ENDPOINT=http://127.0.0.1:29001
      LAKEFS_BLOCKSTORE_S3_REGION=us-east-1
      LAKEFS_BLOCKSTORE_TYPE=s3
      LAKEFS_COMMITTED_LOCAL_CACHE_DIR=/lakefs/data/cache
      LAKEFS_DATABASE_LOCAL_PATH=/var/lakefs/data/metadata.db
      LAKEFS_DATABASE_TYPE=local
      LAKEFS_EMAIL_SUBSCRIPTION_ENABLED=false
      LAKEFS_LISTEN_ADDRESS=0.0.0.0:28000
      LAKEFS_LOGGING_FORMAT=text
      LAKEFS_SECURITY_CHECK_LATEST_VERSION=false
      LAKEFS_STATS_ENABLED=false
      NO_PROXY=minio,localhost,127.0.0.1,::1
      no_proxy=minio,localhost,127.0.0.1,::1
    minio:
      MINIO_API_CORS_ALLOW_ORIGIN=*
      MINIO_ROOT_PASSWORD=minioadmin
      MINIO_ROOT_USER=minioadmin
      MINIO_UPDATE=off
    postgres:
      POSTGRES_DB=kohakuhub_dev
      POSTGRES_PASSWORD=hub_dev_password
      POSTGRES_USER=hub_dev
    valkey:
    ");
}

#[test]
fn kohakuhub_runs_what_the_old_scripts_ran() {
    let shown = rows(&kohakuhub(), |container, service| {
        let command = container.command.clone().unwrap_or_default().join(" ");
        let user = container.user.clone().unwrap_or_default();
        vec![
            format!("{command:?}"),
            format!("user {user:?}"),
            service.kind.word().to_owned(),
        ]
    });
    assert_snapshot!(shown, @r#"
    lakefs: "", user "1234:5678", lakefs
    minio: "server /data --console-address :29000", user "", s3
    postgres: "", user "", postgres
    valkey: "valkey-server --maxmemory 256mb --maxmemory-policy allkeys-lfu --save 300 100 --appendonly no", user "", valkey
    "#);
}

#[test]
fn kohakuhub_gives_the_application_its_variables() {
    let shown = rows(&kohakuhub(), |_, service| {
        let exports = service.exports.with.iter();
        let exports = exports.map(|(name, value)| format!("\n  {name}={value}"));
        let without = service.exports.without.iter();
        let without = without.map(|(name, value)| format!("\n  without it: {name}={value}"));
        exports.chain(without).collect()
    });
    assert_snapshot!(shown, @"
    lakefs:
      KOHAKU_HUB_LAKEFS_ACCESS_KEY={access_key}
      KOHAKU_HUB_LAKEFS_ENDPOINT={endpoint}
      KOHAKU_HUB_LAKEFS_SECRET_KEY={secret_key}
    minio:
      KOHAKU_HUB_S3_ACCESS_KEY={access_key}
      KOHAKU_HUB_S3_BUCKET={bucket}
      KOHAKU_HUB_S3_ENDPOINT={endpoint}
      KOHAKU_HUB_S3_PUBLIC_ENDPOINT={endpoint}
      KOHAKU_HUB_S3_REGION={region}
      KOHAKU_HUB_S3_SECRET_KEY={secret_key}
    postgres:
      KOHAKU_HUB_DATABASE_URL={url}
    valkey:
      KOHAKU_HUB_CACHE_ENABLED=true
      KOHAKU_HUB_CACHE_URL={url}
      without it: KOHAKU_HUB_CACHE_ENABLED=false
    ");
}

#[test]
fn kohakuhub_follows_the_variables_of_a_checkout() {
    let env = "DEV_POSTGRES_PORT=1\nDEV_POSTGRES_USER=u\nDEV_MINIO_PORT=2\nDEV_MINIO_CONSOLE_PORT=3\n\
        DEV_LAKEFS_PORT=4\nDEV_VALKEY_PORT=5\nKOHAKU_HUB_S3_BUCKET=b\n";
    let world = World::new()
        .with("template:kohakuhub")
        .file(".env.dev", env);
    let stack = world.load().unwrap().stack;
    let ports = stack.services.values().flat_map(|one| &one.container.ports);
    let ports: Vec<String> = ports.map(ToString::to_string).collect();
    assert_eq!(
        ports,
        [
            "127.0.0.1:4:28000",
            "127.0.0.1:2:9000",
            "127.0.0.1:3:29000",
            "127.0.0.1:1:5432",
            "127.0.0.1:5:6379"
        ]
    );
    assert_snapshot!(world.part("services.minio.x-devinfra.bucket"), @"b");
}
