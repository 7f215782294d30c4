//! Commands inside the scripted engine's containers.

use serde_json::{Value, json};

use crate::http::{Answer, More};
use crate::world::frame;

/// What the server's data directory looks like from inside a container.
const ACCESS: &str = "Uid:\t999\t999\t999\t999\nGid:\t999\t999\t999\t999\nGroups:\t999\n\
                      Directory: 999 999 755\noverlay / overlay rw 0 0\n";

/// The commands that were made, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    all: Vec<Made>,
    /// Whether none of them is ever said to have ended.
    pub(crate) go_on: bool,
}

#[derive(Debug)]
struct Made {
    words: String,
    on_terminal: bool,
}

impl Commands {
    pub(crate) fn create(&mut self, container: &str, body: &str) -> Answer {
        let asked: Value = serde_json::from_str(body).unwrap();
        self.all.push(Made {
            words: asked["Cmd"].to_string(),
            on_terminal: asked["Tty"] == json!(true),
        });
        let id = format!("{}-of-{container}", self.all.len() - 1);
        Answer::json(201, &json!({ "Id": id }))
    }

    pub(crate) fn answer(&self, method: &str, id: &str, rest: &[&str]) -> Answer {
        let number = id.split('-').next().unwrap_or_default().parse();
        let Some(made) = number.ok().and_then(|number: usize| self.all.get(number)) else {
            return Answer::refusal(404, &format!("No such exec instance: {id}"));
        };
        match (method, rest) {
            ("POST", ["start"]) => Answer {
                content_type: "application/vnd.docker.raw-stream",
                body: made.output(),
                more: made.more(),
                ..Answer::nothing(101)
            },
            ("GET", ["json"]) => Answer::json(
                200,
                &json!({"ID": id, "Running": self.go_on, "ExitCode": (!self.go_on).then_some(0)}),
            ),
            ("POST", ["resize"]) => Answer::nothing(200),
            (method, rest) => Answer::refusal(404, &format!("no {method} {rest:?}")),
        }
    }
}

impl Made {
    fn more(&self) -> More {
        if self.words.contains("\"cat\"") {
            More::Echo
        } else {
            More::HandedOver
        }
    }

    fn output(&self) -> Vec<u8> {
        let text = if self.words.contains("Directory: ") {
            ACCESS
        } else {
            "said by the command\n"
        };
        if self.on_terminal {
            text.replace('\n', "\r\n").into_bytes()
        } else {
            frame(1, text.as_bytes())
        }
    }
}
