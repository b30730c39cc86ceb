//! The database file: its owner and mode, its header, and every page of it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use car_state::db::quick_check;

use super::check::Check;
use super::files::{exposed, foreign};

const NAME: &str = "database";

/// Below the root.
const FILE: &str = "car.db";

/// Bytes of the header that are looked at (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const HEADER: usize = 100;

/// Whether the file is a whole database.
pub(super) fn check(root: &Path) -> Check {
    let path = root.join(FILE);
    let shown = path.display();
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::ok(NAME, "none: nothing was kept beyond a daemon's life");
        }
        Err(error) => return Check::fail(NAME, format!("{shown} cannot be looked at: {error}")),
    };
    if let Some(check) = foreign(NAME, &path, &metadata) {
        return check;
    }
    if let Some(mode) = exposed(&metadata) {
        return Check::fail(
            NAME,
            format!("{shown} has mode {mode:04o}: others may read it"),
        )
        .remedy(format!("chmod 600 {shown}"));
    }
    match examine(&path, metadata.len()).and_then(|()| pages(&path)) {
        Ok(()) => Check::ok(NAME, format!("{shown} is whole, {} bytes", metadata.len())),
        Err(why) => Check::fail(NAME, format!("{shown} is damaged: {why}"))
            .remedy("stop the daemon, keep a copy, and put a backup in its place"),
    }
}

/// What is wrong with the file.
fn examine(path: &Path, length: u64) -> Result<(), String> {
    if length == 0 {
        // SQLite makes the file before it writes to it.
        return Ok(());
    }
    let mut header = [0; HEADER];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(|error| format!("its header cannot be read: {error}"))?;
    well_formed(&header, length)
}

/// What is wrong with the pages of the file.
fn pages(path: &Path) -> Result<(), String> {
    match quick_check(path) {
        Ok(wrong) if wrong.is_empty() => Ok(()),
        Ok(wrong) => Err(wrong.into_iter().take(3).collect::<Vec<_>>().join("; ")),
        Err(error) => Err(format!("its pages cannot be read: {error}")),
    }
}

fn well_formed(header: &[u8; HEADER], length: u64) -> Result<(), String> {
    if !header.starts_with(b"SQLite format 3\0") {
        return Err("it is no SQLite database".to_owned());
    }
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        page if page >= 512 && page.is_power_of_two() => page,
        page => return Err(format!("its pages cannot have {page} bytes")),
    };
    let number = |at: usize| {
        let bytes = header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    // The number of pages counts only where whoever wrote last kept it.
    let (pages, current) = (u64::from(number(28)), number(24) == number(92));
    if current && length < pages * page {
        return Err(format!("it has {length} of {} bytes", pages * page));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(page: u16, pages: u32) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..16].copy_from_slice(b"SQLite format 3\0");
        header[16..18].copy_from_slice(&page.to_be_bytes());
        header[28..32].copy_from_slice(&pages.to_be_bytes());
        header
    }

    #[test]
    fn a_whole_database_is_well_formed() {
        assert_eq!(well_formed(&header(4_096, 3), 3 * 4_096), Ok(()));
        assert_eq!(well_formed(&header(1, 2), 2 * 65_536), Ok(()));
    }

    #[test]
    fn a_cut_one_and_another_file_are_not() {
        let cut = well_formed(&header(4_096, 3), 8_192).unwrap_err();
        assert_eq!(cut, "it has 8192 of 12288 bytes");
        assert!(well_formed(&header(1_000, 1), 1_000).is_err());
        assert!(well_formed(&[b'x'; HEADER], 4_096).is_err());
    }

    #[test]
    fn a_length_that_nobody_kept_says_nothing() {
        let mut old = header(4_096, 3);
        old[24] = 1;
        assert_eq!(well_formed(&old, 4_096), Ok(()));
    }
}
