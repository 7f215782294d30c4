//! `devinfra init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use crate::cli::Exit;
use crate::cli::args::Init;
use crate::cli::error::CliError;
use crate::model::shell_word;
use crate::report::{Table, list};
use crate::stack_file::NAMES;
use crate::templates::{TEMPLATES, Template};

/// What `init` writes when no template is named.
const DEFAULT: &str = "kohakuhub";

pub(super) fn run(context: &Context<'_>, args: &Init) -> Result<Exit, CliError> {
    if args.list && context.output.json {
        let templates = TEMPLATES.iter();
        let templates: Vec<Value> = templates
            .map(|template| json!({"name": template.name, "summary": template.summary}))
            .collect();
        context
            .output
            .answer_json(&json!({"schema": 1, "templates": templates}));
        return Ok(Exit::Done);
    }
    if args.list {
        let mut table = Table::new(&["TEMPLATE", "WHAT IT IS"]);
        for template in TEMPLATES {
            table.row([template.name.to_owned(), template.summary.to_owned()]);
        }
        context.output.answer(table);
        return Ok(Exit::Done);
    }
    let name = args.template.as_deref().unwrap_or(DEFAULT);
    let template = TEMPLATES
        .iter()
        .find(|template| template.name == name)
        .ok_or_else(|| {
            let known = list(TEMPLATES.iter().map(|template| template.name));
            CliError::usage(
                "template.unknown",
                format!("`{name}` is no template; there are {known}"),
            )
        })?;
    let is_json = context.output.json;
    if args.output == Path::new("-") {
        if is_json {
            let document = json!({"schema": 1, "template": name, "text": template.text});
            context.output.answer_json(&document);
        } else {
            context.output.answer(template.text);
        }
        return Ok(Exit::Done);
    }
    let path = context.settings.whole(&args.output)?;
    write(&path, template)?;
    if is_json {
        let document = json!({"schema": 1, "template": name, "file": path.display().to_string()});
        context.output.answer_json(&document);
    }
    let shown = args.output.display().to_string();
    context.output.say(if is_found_by_itself(&args.output) {
        format!("wrote `{shown}`; `devinfra up` brings it up")
    } else {
        let file = shell_word(&shown);
        format!("wrote `{shown}`; `devinfra --file {file} up` brings it up")
    });
    Ok(Exit::Done)
}

/// Whether a stack file of this name is read where none is named.
fn is_found_by_itself(path: &Path) -> bool {
    NAMES.iter().any(|name| Path::new(name) == path)
}

/// Writes a new file; one that exists is somebody's work.
fn write(path: &Path, template: &Template) -> Result<(), CliError> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => CliError::file_exists(
            path,
            "choose another name with `--output`, or `--output -` to see the template",
        ),
        _ => CliError::write(path, &error),
    })?;
    file.write_all(template.text.as_bytes())
        .map_err(|error| CliError::write(path, &error))
}
