//! `devinfra config`.

use insta::assert_snapshot;
use serde_json::Value;

use crate::devinfra::Devinfra;

const STACK: &str = "name: shop
services:
  db:
    image: postgres:15
    ports: ['0.0.0.0:5432:5432']
    environment: {POSTGRES_PASSWORD: planted-correct-horse}
  cache:
    image: valkey/valkey:8
    command: valkey-server --requirepass planted-battery-staple
    x-devinfra: {exports: {CACHE_URL: 'redis://:planted-battery-staple@127.0.0.1/0'}}
";

#[test]
fn secrets_are_redacted() {
    assert_snapshot!(Devinfra::new().stack(STACK).args(["config"]).run(), @"
    exit: 0
    --- stdout
    name: shop
    services:
      cache:
        image: valkey/valkey:8
        container_name: shop-cache-1
        command:
        - valkey-server
        - --requirepass
        - <redacted>
        networks:
          default: {}
        restart: no
        stop_grace_period: 10s
        pull_policy: missing
        x-devinfra:
          kind: valkey
          port: 6379
          password: <redacted>
          database: 0
          exports:
            CACHE_URL: redis://:<redacted>@127.0.0.1/0
      db:
        image: postgres:15
        container_name: shop-db-1
        environment:
          POSTGRES_PASSWORD: <redacted>
        ports:
        - 0.0.0.0:5432:5432
        networks:
          default: {}
        restart: no
        stop_grace_period: 10s
        pull_policy: missing
        x-devinfra:
          kind: postgres
          port: 5432
          user: postgres
          password: <redacted>
          database: postgres
    networks:
      default:
        name: shop_default
    --- stderr
    warning: devinfra.yaml:5:13: port 5432 is published on 0.0.0.0, where other machines can reach it; leave the address out to publish on 127.0.0.1 only
    ");
}

#[test]
fn secrets_are_shown_to_who_asks() {
    let shown = Devinfra::new()
        .stack(STACK)
        .args(["config", "--show-secrets"])
        .stdout();
    let redacted = Devinfra::new().stack(STACK).args(["config"]).stdout();
    assert_eq!(shown.matches("planted-correct-horse").count(), 2);
    assert_eq!(shown.matches("planted-battery-staple").count(), 3);
    let hidden = shown
        .replace("planted-correct-horse", "<redacted>")
        .replace("planted-battery-staple", "<redacted>");
    assert_eq!(hidden.replace('\'', ""), redacted.replace('\'', ""));
}

#[test]
fn json_is_one_document_of_the_same_content() {
    let run = |more: &str| Devinfra::new().stack(STACK).args(["config", more]);
    let json: Value = serde_json::from_str(&run("--json").stdout()).unwrap();
    let mut yaml: Value = serde_yaml::from_str(&run("-q").stdout()).unwrap();
    yaml.as_object_mut()
        .unwrap()
        .insert("schema".to_owned(), 1.into());
    assert_eq!(json, yaml);
}

#[test]
fn files_come_from_the_command_line_or_the_environment() {
    let run = || {
        Devinfra::new()
            .file("one.yaml", "name: one\nservices: {a: {image: a}}")
            .file("two.yaml", "name: two\nservices: {a: {user: me}}")
    };
    let named = run()
        .args(["-f", "one.yaml", "--file", "two.yaml", "config"])
        .run();
    assert_snapshot!(named, @"
    exit: 0
    --- stdout
    name: two
    services:
      a:
        image: a:latest
        container_name: two-a-1
        user: me
        networks:
          default: {}
        restart: no
        stop_grace_period: 10s
        pull_policy: missing
        x-devinfra:
          kind: process
    networks:
      default:
        name: two_default
    ");
    let from_environment = run()
        .variable("DEVINFRA_FILE", "one.yaml,two.yaml")
        .args(["config"]);
    assert_eq!(from_environment.run(), named);
}

#[test]
fn the_template_that_stands_in_for_a_stack_file_is_told() {
    let run = Devinfra::new().args(["config"]);
    let stderr = run.output().stderr;
    assert_snapshot!(String::from_utf8(stderr).unwrap(), @"no stack file here or above: using the embedded template `kohakuhub` (`devinfra init` writes it down)");
}
