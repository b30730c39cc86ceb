//! Writes the generated documents below a root folder, or checks that those there are up to date:
//! `codegen [--check] ROOT`.
#![expect(clippy::print_stderr, reason = "a program talks to its user")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use car_protocol::schema::{Document, documents};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let check = arguments.first().is_some_and(|first| first == "--check");
    if check {
        arguments.remove(0);
    }
    let [root] = arguments.as_slice() else {
        eprintln!("usage: codegen [--check] ROOT");
        return ExitCode::from(2);
    };
    let documents = match documents() {
        Ok(documents) => documents,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let root = Path::new(root);
    let work = if check { stale } else { write };
    let mut failed = false;
    for document in &documents {
        if let Err(message) = work(document, root.join(&document.path)) {
            eprintln!("{}: {message}", document.path);
            failed = true;
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn stale(document: &Document, path: PathBuf) -> Result<(), String> {
    match fs::read_to_string(path) {
        Ok(text) if text == document.text => Ok(()),
        Ok(_) => Err("is stale; `cargo xtask codegen` writes it".to_owned()),
        Err(error) => Err(format!("{error}; `cargo xtask codegen` writes it")),
    }
}

fn write(document: &Document, path: PathBuf) -> Result<(), String> {
    if stale(document, path.clone()).is_ok() {
        return Ok(());
    }
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(&path, &document.text))
        .map_err(|error| error.to_string())?;
    eprintln!("wrote {}", document.path);
    Ok(())
}
