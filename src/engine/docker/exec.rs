//! Commands inside containers.

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt as _;

use super::Docker;
use super::error::{broken, classify};
use crate::engine::{
    Attached, Chunk, EngineError, ExecId, ExecRequest, Executed, LogStream, TerminalSize,
};
use crate::model::ContainerId;

/// Without a terminal, each part of the output says which stream it is of. bollard passes on what does
/// not as if there were one: it is the rest of a part whose end never came, or no output at all.
const TORN: &str = "the output breaks off in the middle";

pub(super) async fn run(
    docker: &Docker,
    id: &ContainerId,
    command: &[String],
) -> Result<Executed, EngineError> {
    let operation = format!("run `{}` in container `{id}`", command.join(" "));
    let options = CreateExecOptions {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let created = docker
        .call(
            operation.clone(),
            docker.deadlines.quick,
            docker.client.create_exec(&id.0, options),
        )
        .await?;
    let run = async {
        let mut output = String::new();
        if let StartExecResults::Attached {
            output: mut chunks, ..
        } = docker.client.start_exec(&created.id, None).await?
        {
            while let Some(chunk) = chunks.next().await {
                output.push_str(&String::from_utf8_lossy(&chunk?.into_bytes()));
            }
        }
        let ended = docker.client.inspect_exec(&created.id).await?;
        Ok(Executed {
            exit_code: ended.exit_code.unwrap_or(-1),
            output,
        })
    };
    docker.call(operation, docker.deadlines.slow, run).await
}

pub(super) async fn attach(
    docker: &Docker,
    id: &ContainerId,
    request: &ExecRequest,
) -> Result<Attached, EngineError> {
    let command = request.command.first().map_or("", String::as_str);
    let operation = format!("run `{command}` in container `{id}`");
    let created = docker
        .call(
            operation.clone(),
            docker.deadlines.quick,
            docker.client.create_exec(&id.0, config(request)),
        )
        .await?;
    let options = StartExecOptions {
        tty: request.terminal.is_some(),
        ..StartExecOptions::default()
    };
    let started = docker
        .call(
            operation.clone(),
            docker.deadlines.quick,
            docker.client.start_exec(&created.id, Some(options)),
        )
        .await?;
    let StartExecResults::Attached { output, input } = started else {
        return Err(EngineError::Vanished { operation });
    };
    let address = docker.address.clone();
    let on_terminal = request.terminal.is_some();
    let output = output.map(move |item| match item {
        Ok(item) => {
            let is_nameless = matches!(item, LogOutput::Console { .. });
            let chunk = chunk(item);
            if is_nameless && !on_terminal && !chunk.says_not_run() {
                return Err(broken(&operation, TORN));
            }
            Ok(chunk)
        }
        Err(error) => Err(classify(error, operation.clone(), &address)),
    });
    Ok(Attached {
        id: ExecId(created.id),
        input,
        output: output.boxed(),
    })
}

fn config(request: &ExecRequest) -> ExecConfig {
    let environment = request.environment.iter();
    let environment = environment.map(|(name, value)| format!("{name}={}", value.reveal()));
    ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(request.terminal.is_some()),
        // Engines before 23.0 ignore it; they are told by a resize.
        console_size: request
            .terminal
            .map(|size| vec![usize::from(size.rows), usize::from(size.columns)]),
        env: Some(environment.collect()),
        cmd: Some(request.command.clone()),
        user: request.user.clone(),
        working_dir: request.working_directory.clone(),
        ..ExecConfig::default()
    }
}

pub(super) fn chunk(output: LogOutput) -> Chunk {
    let stream = match &output {
        LogOutput::StdErr { .. } => LogStream::Stderr,
        LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
            LogStream::Stdout
        }
    };
    Chunk {
        stream,
        bytes: output.into_bytes(),
    }
}

pub(super) async fn resize(
    docker: &Docker,
    id: &ExecId,
    size: TerminalSize,
) -> Result<(), EngineError> {
    let options = ResizeExecOptions {
        width: size.columns,
        height: size.rows,
    };
    let call = docker.client.resize_exec(&id.0, options);
    docker
        .call("resize the terminal", docker.deadlines.quick, call)
        .await
}

pub(super) async fn status(docker: &Docker, id: &ExecId) -> Result<Option<i64>, EngineError> {
    let call = docker.client.inspect_exec(&id.0);
    let found = docker
        .call(
            "look up the command's exit status",
            docker.deadlines.quick,
            call,
        )
        .await?;
    let ended = found.running != Some(true);
    Ok(found.exit_code.filter(|_| ended))
}
