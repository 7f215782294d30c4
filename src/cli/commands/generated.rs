//! `devinfra completions`, `devinfra man` and `devinfra schema`: made from what the program knows of
//! itself.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};
use serde_json::json;

use super::Context;
use crate::cli::Exit;
use crate::cli::args::{Args, ManPages};
use crate::cli::error::CliError;
use crate::stack_file::SCHEMA;

pub(super) fn completions(context: &Context<'_>, shell: Shell) -> Exit {
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "devinfra", &mut script);
    let script = String::from_utf8_lossy(&script);
    if context.output.json {
        let shell = shell.to_string();
        let document = json!({"schema": 1, "shell": shell, "text": script});
        context.output.answer_json(&document);
    } else {
        context.output.answer(script);
    }
    Exit::Done
}

pub(super) fn man(context: &Context<'_>, args: &ManPages) -> Result<Exit, CliError> {
    if let Some(directory) = &args.output {
        let directory = context.settings.whole(directory)?;
        write_pages(&directory).map_err(|error| CliError::write(&directory, &error))?;
        if context.output.json {
            let document = json!({"schema": 1, "directory": directory.display().to_string()});
            context.output.answer_json(&document);
        }
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    let rendered = Man::new(Args::command()).render(&mut page);
    rendered.map_err(|error| CliError::write(Path::new("standard output"), &error))?;
    let page = String::from_utf8_lossy(&page);
    if context.output.json {
        let document = json!({"schema": 1, "text": page});
        context.output.answer_json(&document);
    } else {
        context.output.answer(page);
    }
    Ok(Exit::Done)
}

fn write_pages(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    generate_to(Args::command(), directory)
}

pub(super) fn schema(context: &Context<'_>) -> Exit {
    context.output.answer(SCHEMA);
    Exit::Done
}
