//! `fs/read_text_file` and `fs/write_text_file`.

use std::path::PathBuf;
use std::sync::Arc;

use agent_client_protocol::v1::schema::{
    ReadTextFileRequest, ReadTextFileResponse, WriteTextFileRequest, WriteTextFileResponse,
};
use agent_client_protocol::{Error, ErrorCode};
use tokio::task::spawn_blocking;

use crate::roots::{RootError, Roots};

/// The text of a file, or some of its lines.
pub(crate) async fn read(
    roots: Arc<Roots>,
    request: ReadTextFileRequest,
    most: usize,
) -> Result<ReadTextFileResponse, Error> {
    let path = request.path;
    let text = work(path, move |path| roots.read(path, most)).await?;
    let text = match (request.line, request.limit) {
        (None, None) => text,
        (line, limit) => some_lines(&text, line, limit),
    };
    Ok(ReadTextFileResponse::new(text))
}

/// Puts a text in the place of a file.
pub(crate) async fn write(
    roots: Arc<Roots>,
    request: WriteTextFileRequest,
    most: usize,
) -> Result<WriteTextFileResponse, Error> {
    let text = request.content;
    work(request.path, move |path| roots.write(path, &text, most)).await?;
    Ok(WriteTextFileResponse::new())
}

async fn work<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&std::path::Path) -> Result<T, RootError> + Send + 'static,
) -> Result<T, Error> {
    let shown = path.display().to_string();
    let done = spawn_blocking(move || work(&path)).await;
    let done = done.map_err(|_| Error::internal_error())?;
    done.map_err(|error| {
        let code = match error {
            RootError::Missing => ErrorCode::RESOURCE_NOT_FOUND,
            RootError::System(_) => ErrorCode::INTERNAL_ERROR,
            _ => ErrorCode::INVALID_PARAMS,
        };
        Error::new(code, format!("{shown}: {error}"))
    })
}

/// The lines from the one with this number, which counts from 1, with their ends.
fn some_lines(text: &str, line: Option<u32>, limit: Option<u32>) -> String {
    let many = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let skipped = many(line.unwrap_or(1).saturating_sub(1));
    let limit = limit.map_or(usize::MAX, many);
    text.split_inclusive('\n')
        .skip(skipped)
        .take(limit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let text = "a\nb\nc";
        assert_eq!(some_lines(text, Some(2), Some(1)), "b\n");
        assert_eq!(some_lines(text, Some(2), None), "b\nc");
        assert_eq!(some_lines(text, None, Some(2)), "a\nb\n");
        assert_eq!(some_lines(text, Some(9), None), "");
    }
}
