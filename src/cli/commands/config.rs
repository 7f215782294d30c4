//! `devinfra config`.

use serde_json::{Value, json, to_value};

use super::Context;
use crate::cli::Exit;
use crate::cli::args::Config;
use crate::cli::error::CliError;
use crate::stack_file::{Secrets, resolved, to_yaml};

pub(super) fn run(context: &Context<'_>, args: &Config) -> Result<Exit, CliError> {
    let loaded = context.load(&[])?;
    let secrets = if args.show_secrets {
        Secrets::Shown
    } else {
        Secrets::Redacted
    };
    let value = resolved(&loaded.stack, secrets);
    if context.output.json {
        let mut document = json!({"schema": 1});
        if let (Some(document), Ok(Value::Object(stack))) =
            (document.as_object_mut(), to_value(&value))
        {
            document.extend(stack);
        }
        match secrets {
            Secrets::Shown => context.output.answer_json_with_secrets(&document),
            Secrets::Redacted => context.output.answer_json(&document),
        }
    } else {
        match secrets {
            Secrets::Shown => context.output.answer_plain(to_yaml(&value)),
            Secrets::Redacted => context.output.answer(to_yaml(&value)),
        }
    }
    Ok(Exit::Done)
}
