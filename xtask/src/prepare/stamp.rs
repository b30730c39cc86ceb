//! A folder that is either complete and of the wanted content, or made anew.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Found;

const FILE: &str = ".stamp";

/// Makes the folder unless its stamp says that it already holds `content`. A folder that was left half-made has no
/// stamp and is thrown away.
pub(super) fn folder(
    folder: &Path,
    content: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<Found> {
    let stamp = folder.join(FILE);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == content) {
        return Ok(Found::Already);
    }
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    make(folder)?;
    fs::write(&stamp, content).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(Found::Installed)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_complete_folder_is_not_made_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x");
        assert_eq!(folder(&path, "v1", |_| Ok(())).unwrap(), Found::Installed);
        assert_eq!(
            folder(&path, "v1", |_| bail!("not again")).unwrap(),
            Found::Already
        );
    }

    #[test]
    fn other_content_replaces_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x");
        folder(&path, "v1", |path| Ok(fs::write(path.join("old"), "")?)).unwrap();
        assert_eq!(folder(&path, "v2", |_| Ok(())).unwrap(), Found::Installed);
        assert!(!path.join("old").exists());
    }

    #[test]
    fn a_folder_whose_making_failed_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("x");
        assert!(folder(&path, "v1", |_| bail!("no network")).is_err());
        assert_eq!(folder(&path, "v1", |_| Ok(())).unwrap(), Found::Installed);
    }
}
