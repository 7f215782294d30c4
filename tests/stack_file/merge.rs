//! Several files, merged by Compose's rules.

use insta::assert_snapshot;

use crate::world::World;

/// One service in two files.
fn merged(base: &str, over: &str) -> World {
    let indented = |text: &str| {
        let lines = text.lines().map(|line| format!("    {line}\n"));
        format!("services:\n  app:\n{}", lines.collect::<String>())
    };
    World::new()
        .file(
            "base.yaml",
            format!("{}    image: example/app\n", indented(base)),
        )
        .file("over.yaml", indented(over))
        .with("base.yaml")
        .with("over.yaml")
}

#[test]
fn scalars_are_replaced() {
    let world = merged("user: a\nhostname: kept", "user: b\nimage: example/other");
    assert_snapshot!(world.part("services.app.image"), @"example/other:latest");
    assert_snapshot!(world.part("services.app.user"), @"b");
    assert_snapshot!(world.part("services.app.hostname"), @"kept");
}

#[test]
fn mappings_are_merged_key_by_key_in_either_notation() {
    let world = merged("environment: [A=1, B=2]", "environment: {B: 3, C: 4}");
    assert_snapshot!(world.part("services.app.environment"), @"
    A: '1'
    B: '3'
    C: '4'
    ");
}

#[test]
fn hosts_are_merged_by_name() {
    let world = merged(
        "extra_hosts: ['a:1.1.1.1', 'b=::1']",
        "extra_hosts: ['a:2.2.2.2', 'c:::2']",
    );
    assert_snapshot!(world.part("services.app.extra_hosts"), @"
    a: 2.2.2.2
    b: ::1
    c: ::2
    ");
}

#[test]
fn sequences_are_appended_and_say_nothing_twice() {
    let world = merged("cap_add: [A, B]", "cap_add: [B, C]");
    assert_snapshot!(world.part("services.app.cap_add"), @"
    - A
    - B
    - C
    ");
}

#[test]
fn ports_are_the_same_in_both_notations() {
    let world = merged(
        "ports: ['80:80', '81:81/tcp', '[::1]:82:82']",
        "ports: [{target: 80, published: 80}, {target: 82, published: 82, host_ip: '::1'}, '83:83']",
    );
    assert_snapshot!(world.part("services.app.ports"), @"
    - 127.0.0.1:80:80
    - 127.0.0.1:81:81
    - '[::1]:82:82'
    - 127.0.0.1:83:83
    ");
}

#[test]
fn mounts_are_replaced_by_their_target() {
    let world = merged(
        "volumes: ['/old:/data', '/kept:/kept']",
        "volumes: ['/new:/data/:ro', {type: tmpfs, target: /tmp}]",
    );
    assert_snapshot!(world.part("services.app.volumes"), @"
    - type: bind
      source: /new
      bind:
        create_host_path: true
      target: /data
      read_only: true
    - type: bind
      source: /kept
      bind:
        create_host_path: true
      target: /kept
    - type: tmpfs
      target: /tmp
    ");
}

#[test]
fn commands_are_replaced_whole() {
    let world = merged(
        "command: [a, b]\nentrypoint: [c]\nhealthcheck: {test: [CMD, d], retries: 1}",
        "command: [e]\nentrypoint: f g\nhealthcheck: {test: [CMD, h]}",
    );
    assert_snapshot!(world.part("services.app.command"), @"- e");
    assert_snapshot!(world.part("services.app.entrypoint"), @"
    - f
    - g
    ");
    assert_snapshot!(world.part("services.app.healthcheck"), @"
    test:
    - CMD
    - h
    retries: 1
    ");
}

#[test]
fn reset_drops_what_earlier_files_say() {
    let world = merged(
        "ports: ['80:80']\nenvironment: {A: 1, B: 2}\nuser: root",
        "ports: !reset []\nenvironment: {A: !reset null}\nuser: !reset",
    );
    assert_snapshot!(world.part("services.app.ports"), @"nothing");
    assert_snapshot!(world.part("services.app.environment"), @"B: '2'");
    assert_snapshot!(world.part("services.app.user"), @"nothing");
}

#[test]
fn what_comes_after_a_reset_stands_alone() {
    let world = merged("ports: ['80:80']", "ports: !reset ['81:81']")
        .file("third.yaml", "services: {app: {ports: ['82:82']}}")
        .with("third.yaml");
    assert_snapshot!(world.part("services.app.ports"), @"- 127.0.0.1:82:82");
}

#[test]
fn override_replaces_what_earlier_files_say() {
    let world = merged(
        "ports: ['80:80']\nenvironment: {A: 1}",
        "ports: !override ['81:81']\nenvironment: !override {B: 2}",
    );
    assert_snapshot!(world.part("services.app.ports"), @"- 127.0.0.1:81:81");
    assert_snapshot!(world.part("services.app.environment"), @"B: '2'");
}

#[test]
fn what_devinfra_adds_is_merged_too_and_its_lists_are_replaced() {
    let world = merged(
        "x-devinfra: {kind: s3, bucket: one, reset_with: [app], exports: {A: '1', B: '2'}}",
        "x-devinfra: {bucket: two, exports: {B: '3'}}",
    );
    assert_snapshot!(world.part("services.app.x-devinfra"), @"
    kind: s3
    port: 9000
    access_key: minioadmin
    secret_key: minioadmin
    region: us-east-1
    bucket: two
    exports:
      A: '1'
      B: '3'
    reset_with:
    - app
    ");
}

#[test]
fn the_last_name_counts_and_paths_start_at_the_first_file() {
    let world = World::new()
        .file(
            "a/base.yaml",
            "name: one\nservices: {app: {image: i, volumes: ['./d:/d']}}",
        )
        .file(
            "b/over.yaml",
            "name: two\nservices: {app: {volumes: ['./e:/e']}}",
        )
        .with("a/base.yaml")
        .with("b/over.yaml");
    assert_snapshot!(world.part("name"), @"two");
    assert_snapshot!(world.part("services.app.volumes"), @"
    - type: bind
      source: [DIR]/project/a/d
      bind:
        create_host_path: true
      target: /d
    - type: bind
      source: [DIR]/project/a/e
      bind:
        create_host_path: true
      target: /e
    ");
}

#[test]
fn an_empty_file_changes_nothing() {
    let world = World::new()
        .file("base.yaml", "services: {app: {image: example/app}}")
        .file("over.yaml", "# nothing yet\n")
        .with("base.yaml")
        .with("over.yaml");
    assert_snapshot!(world.part("services.app.image"), @"example/app:latest");
}

#[test]
fn a_file_is_merged_over_a_template() {
    let world = World::new()
        .file("over.yaml", "services: {postgres: {image: postgres:17}}")
        .with("template:minimal")
        .with("over.yaml");
    assert_snapshot!(world.part("services.postgres"), @"
    image: postgres:17
    container_name: project-postgres-1
    environment:
      POSTGRES_PASSWORD: postgres
    ports:
    - 127.0.0.1:5432:5432
    volumes:
    - type: volume
      source: postgres-data
      target: /var/lib/postgresql/data
    networks:
      default: {}
    restart: no
    stop_grace_period: 10s
    pull_policy: missing
    x-devinfra:
      kind: postgres
      port: 5432
      user: postgres
      password: postgres
      database: postgres
      data:
      - /var/lib/postgresql/data
    ");
}
