//! What the scripted engine has: containers, networks, volumes and images, as an engine tells them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use crate::commands::Commands;
use crate::http::{Answer, More, Request};

/// A container of the world.
#[derive(Debug)]
struct Container {
    id: String,
    name: String,
    request: Value,
    state: &'static str,
    exit: i64,
    /// Keeps the published port answering as long as the container runs.
    listener: Option<TcpListener>,
    /// The host port of what it publishes, while it runs.
    published: Option<u16>,
}

/// What the engine has.
#[derive(Debug, Default)]
pub(crate) struct World {
    containers: Vec<Container>,
    pub(crate) networks: Vec<Value>,
    volumes: Vec<Value>,
    /// Names of images that are there.
    pub(crate) images: BTreeSet<String>,
    /// What a pull answers instead of bringing the image.
    pub(crate) pull_lines: Option<String>,
    /// A listed container that nobody asked about.
    pub(crate) stranger: Option<Value>,
    /// What containers write as soon as they start.
    pub(crate) log: Vec<&'static str>,
    /// The status with which containers end as soon as they start.
    pub(crate) exit: Option<i64>,
    /// Whether the listing calls what has ended running, as Docker's does for a tenth of a second.
    pub(crate) lags: bool,
    /// The host port at which a server of the test's stands for every published port.
    pub(crate) server: Option<u16>,
    /// Commands inside containers.
    pub(crate) commands: Commands,
    /// How often a container was started.
    pub(crate) starts: Arc<AtomicUsize>,
    made: usize,
}

impl World {
    /// Whether nothing of a stack is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty()
    }

    /// Every container ends, and the listing does not say so yet.
    pub(crate) fn end_unseen(&mut self) {
        for container in &mut self.containers {
            container.end(1);
        }
        self.lags = true;
    }

    fn id(&mut self) -> String {
        self.made += 1;
        format!("{:064x}", self.made)
    }

    /// The answer of an engine that does everything right.
    pub(crate) fn answer(&mut self, request: &Request) -> Answer {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["_ping"]) => Answer {
                body: b"OK".to_vec(),
                ..Answer::nothing(200)
            },
            ("GET", ["version"]) => Answer::json(
                200,
                &json!({"Version": "20.10.24", "ApiVersion": "1.41", "Platform": {"Name": ""}}),
            ),
            ("GET", ["containers", "json"]) => Answer::json(200, &self.list(&request.query)),
            ("POST", ["containers", "create"]) => self.create(request),
            ("GET", ["networks"]) => Answer::json(200, &json!(self.networks)),
            ("POST", ["networks", "create"]) => self.create_network(request),
            ("DELETE", ["networks", id]) => {
                self.networks.retain(|network| network["Id"] != *id);
                Answer::nothing(204)
            }
            ("GET", ["volumes"]) => Answer::json(200, &json!({"Volumes": self.volumes})),
            ("POST", ["volumes", "create"]) => {
                let mut volume: Value = serde_json::from_str(&request.body).unwrap();
                volume["Driver"] = json!("local");
                volume["Mountpoint"] = json!("/var/lib/engine");
                volume["Scope"] = json!("local");
                volume["Options"] = json!({});
                self.volumes.push(volume.clone());
                Answer::json(201, &volume)
            }
            ("DELETE", ["volumes", name]) => {
                self.volumes.retain(|volume| volume["Name"] != *name);
                Answer::nothing(204)
            }
            ("POST", ["images", "create"]) => self.pull(request),
            ("GET", ["images", name @ .., "json"]) => {
                let name = name.join("/");
                if self.images.contains(&name) {
                    Answer::json(200, &json!({"Id": format!("sha256:{name}")}))
                } else {
                    Answer::refusal(404, &format!("No such image: {name}"))
                }
            }
            ("GET", ["events"]) => Answer {
                more: More::Silence,
                ..Answer::nothing(200)
            },
            ("GET", ["containers", id, "logs"]) => self.log(id, request),
            ("POST", ["containers", id, "exec"]) => self.commands.create(id, &request.body),
            (method, ["exec", id, rest @ ..]) => self.commands.answer(method, id, rest),
            (method, ["containers", id, rest @ ..]) => self.of_container(method, id, rest),
            (method, _) => Answer::refusal(404, &format!("no {method} {}", request.path)),
        }
    }

    fn of_container(&mut self, method: &str, id: &str, rest: &[&str]) -> Answer {
        let Some(at) = self.containers.iter().position(|one| one.id == id) else {
            return Answer::refusal(404, &format!("No such container: {id}"));
        };
        let container = &mut self.containers[at];
        match (method, rest) {
            ("GET", ["json"]) => Answer::json(200, &container.inspection()),
            ("POST", ["start"]) => {
                container.start(self.server);
                self.starts.fetch_add(1, Ordering::Relaxed);
                if let Some(status) = self.exit {
                    container.end(status);
                }
                Answer::nothing(204)
            }
            ("POST", ["stop"]) => {
                container.end(0);
                Answer::nothing(204)
            }
            ("DELETE", []) => {
                self.containers.remove(at);
                Answer::nothing(204)
            }
            (method, rest) => Answer::refusal(404, &format!("no {method} {rest:?}")),
        }
    }

    fn log(&self, id: &str, request: &Request) -> Answer {
        let (body, told, _runs) = self.written(id, 0);
        let more = if request.is_following() {
            let container = id.to_owned();
            More::Lines { container, told }
        } else {
            More::Nothing
        };
        Answer {
            content_type: "application/vnd.docker.raw-stream",
            body,
            more,
            ..Answer::nothing(200)
        }
    }

    /// What a container has written behind so many lines, how many there are then, and whether it
    /// still runs.
    pub(crate) fn written(&self, id: &str, told: usize) -> (Vec<u8>, usize, bool) {
        let lines = self.log.iter().skip(told);
        let bytes = lines.flat_map(|line| log_frame(line)).collect();
        let mut containers = self.containers.iter();
        let runs = containers.any(|one| one.id == id && one.state == "running");
        (bytes, self.log.len().max(told), runs)
    }

    /// A filter leaves out the stranger, and no other filter is asked for.
    fn list(&self, query: &str) -> Value {
        let stranger = self.stranger.clone();
        let stranger = stranger.filter(|_| !query.contains("filters="));
        let ours = self.containers.iter().map(|one| {
            let mut summary = one.summary();
            if self.lags {
                (summary["State"], summary["Status"]) = (json!("running"), json!("Up 1 second"));
            }
            summary
        });
        ours.chain(stranger).collect()
    }

    fn create(&mut self, request: &Request) -> Answer {
        let name = request.query.split("name=").nth(1).unwrap_or_default();
        let name = name.split('&').next().unwrap_or_default().to_owned();
        if let Some(holder) = self.containers.iter().find(|one| one.name == name) {
            let message = format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{}\".",
                holder.id
            );
            return Answer::refusal(409, &message);
        }
        let request = serde_json::from_str(&request.body).unwrap();
        let id = self.id();
        self.containers.push(Container {
            id: id.clone(),
            name,
            request,
            state: "created",
            exit: 0,
            listener: None,
            published: None,
        });
        Answer::json(201, &json!({"Id": id, "Warnings": []}))
    }

    fn create_network(&mut self, request: &Request) -> Answer {
        let asked: Value = serde_json::from_str(&request.body).unwrap();
        let id = self.id();
        self.networks.push(json!({
            "Id": id, "Name": asked["Name"], "Labels": asked["Labels"],
            "Created": "2026-11-24T08:00:00Z", "Scope": "local", "Driver": "bridge",
        }));
        Answer::json(201, &json!({"Id": id, "Warning": ""}))
    }

    fn pull(&mut self, request: &Request) -> Answer {
        let lines = self.pull_lines.clone().unwrap_or_else(|| {
            let from = request.query.split("fromImage=").nth(1).unwrap_or_default();
            let from = from.split('&').next().unwrap_or_default();
            let name = from.replace("%3A", ":").replace("%2F", "/");
            self.images.insert(name);
            "{\"status\":\"Pulling fs layer\",\"id\":\"a\"}\r\n{\"status\":\"Pull complete\",\"id\":\"a\"}\r\n".to_owned()
        });
        Answer {
            content_type: "application/json",
            body: lines.into_bytes(),
            ..Answer::nothing(200)
        }
    }
}

impl Container {
    /// Opens the published port as an engine's port proxy does, where no server stands for it.
    fn start(&mut self, server: Option<u16>) {
        self.state = "running";
        if self.target().is_none() {
            return;
        }
        self.published = server.or_else(|| {
            self.listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok();
            Some(self.listener.as_ref()?.local_addr().ok()?.port())
        });
    }

    fn end(&mut self, status: i64) {
        self.state = "exited";
        self.exit = status;
        self.listener = None;
        self.published = None;
    }

    /// The container port that it publishes.
    fn target(&self) -> Option<u16> {
        let bindings = self.request["HostConfig"]["PortBindings"].as_object()?;
        bindings.keys().next()?.strip_suffix("/tcp")?.parse().ok()
    }

    fn summary(&self) -> Value {
        let status = match self.state {
            "running" => "Up 1 second",
            "exited" => &format!("Exited ({}) 1 second ago", self.exit),
            _ => "Created",
        };
        let ports: Vec<Value> = self.published.map_or_else(Vec::new, |port| {
            let target = self.target();
            vec![json!({"IP": "127.0.0.1", "PrivatePort": target, "PublicPort": port, "Type": "tcp"})]
        });
        json!({
            "Id": self.id, "Names": [format!("/{}", self.name)], "Image": self.request["Image"],
            "ImageID": "sha256:x", "Labels": self.request["Labels"], "State": self.state,
            "Status": status, "Ports": ports, "NetworkSettings": {"Networks": {}}, "Mounts": [],
        })
    }

    fn inspection(&self) -> Value {
        let mut ports = Map::new();
        if let (Some(target), Some(port)) = (self.target(), self.published) {
            let binding = json!([{"HostIp": "127.0.0.1", "HostPort": port.to_string()}]);
            ports.insert(format!("{target}/tcp"), binding);
        }
        json!({
            "Id": self.id, "Name": format!("/{}", self.name), "Image": "sha256:x",
            "Config": {"Image": self.request["Image"], "Labels": self.request["Labels"],
                "Env": self.request["Env"], "StopTimeout": self.request["StopTimeout"]},
            "State": {"Status": self.state, "Running": self.state == "running", "ExitCode": self.exit,
                "OOMKilled": false, "Error": "", "StartedAt": "2026-11-24T08:00:00Z"},
            "NetworkSettings": {"Ports": ports, "Networks": {}}, "Mounts": [],
        })
    }
}

/// A line of a log, behind its time.
fn log_frame(line: &str) -> Vec<u8> {
    let text = format!("2026-11-24T08:00:00.000000000Z {line}\n");
    frame(1, text.as_bytes())
}

/// A part of an output: the stream, three zeros, the length in four bytes, and the text.
pub(crate) fn frame(stream: u8, text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [&[stream, 0, 0, 0], &length.to_be_bytes()[..], text].concat()
}
