//! `devinfra ls`.

use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use crate::cli::Exit;
use crate::cli::error::CliError;
use crate::engine::Engine as _;
use crate::model::{FoundStack, ObservedContainer, ServiceName, shell_word};
use crate::report::{Table, endpoints};

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, CliError> {
    let engine = context.engine()?;
    let stacks = engine.stacks().await;
    let stacks = stacks.map_err(|error| CliError::engine(&error))?;
    // Directories are of the machine that the stacks were brought up from, mostly this one.
    let is_gone = |stack: &FoundStack| engine.address().is_local() && !stack.directory.exists();
    if context.output.json {
        let stacks: Vec<Value> = stacks
            .iter()
            .map(|one| as_json(one, is_gone(one)))
            .collect();
        let answer = json!({"schema": 1, "stacks": stacks});
        context.output.answer_json(&answer);
        return Ok(Exit::Done);
    }
    if stacks.is_empty() {
        context.output.say("there is no stack on this engine");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["STACK", "SERVICES", "DIRECTORY"]);
    for stack in &stacks {
        let gone = if is_gone(stack) { " (gone)" } else { "" };
        table.row([
            stack.name.to_string(),
            running(stack),
            format!("{}{gone}", shown(&stack.directory)),
        ]);
    }
    context.output.answer(table);
    for stack in stacks.iter().filter(|stack| is_gone(stack)) {
        context.output.say(format_args!(
            "hint: take down what is left of `{name}`: `devinfra --project-directory {} --name {name} down`",
            shell_word(&stack.directory.display().to_string()),
            name = stack.name,
        ));
    }
    Ok(Exit::Done)
}

/// A path on one line, whatever is in it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_control) {
        text.escape_debug().to_string()
    } else {
        text
    }
}

/// "4 running", "3 of 4 running".
fn running(stack: &FoundStack) -> String {
    let all = stack.containers.len();
    let running = stack.containers.iter().filter(|one| one.is_running());
    match running.count() {
        0 if all == 0 => "none".to_owned(),
        running if running == all => format!("{all} running"),
        running => format!("{running} of {all} running"),
    }
}

fn as_json(stack: &FoundStack, gone: bool) -> Value {
    let services = stack.containers.iter().map(service);
    json!({
        "name": stack.name.as_str(),
        "directory": stack.directory,
        "gone": gone,
        "services": services.collect::<Vec<Value>>(),
        "networks": stack.networks,
    })
}

fn service(container: &ObservedContainer) -> Value {
    json!({
        "name": container.service().map(ServiceName::as_str),
        "state": container.state.word(),
        "container": container.name,
        "image": container.image,
        "endpoints": endpoints(None, &container.ports),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_takes_one_line_and_writes_over_nothing() {
        assert_eq!(shown(Path::new("/home/a b/hub")), "/home/a b/hub");
        assert_eq!(shown(Path::new("/a\nb\r\u{1b}[2J")), r"/a\nb\r\u{1b}[2J");
    }
}
