//! What the system says about this process. Where it says nothing, nothing is told.

use car_protocol::rpc::diagnostics::ProcessStatus;

/// The process as it is now.
pub(super) fn status() -> ProcessStatus {
    let mut status = ProcessStatus {
        pid: std::process::id(),
        max_descriptors: max_descriptors(),
        ..ProcessStatus::default()
    };
    #[cfg(target_os = "linux")]
    {
        // Files of the kernel: reading them waits for no disk.
        if let Ok(text) = std::fs::read_to_string("/proc/self/status") {
            status.resident_bytes = number(&text, "VmRSS:").map(|kib| kib * 1024);
            status.threads = number(&text, "Threads:");
        }
        // The folder itself is open while it is counted.
        let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
        status.open_descriptors = open.ok().map(|count| count.saturating_sub(1) as u64);
    }
    status
}

#[cfg(unix)]
fn max_descriptors() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn max_descriptors() -> Option<u64> {
    None
}

/// The number behind a name, as in `VmRSS: 18432 kB`.
#[cfg(target_os = "linux")]
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_its_name() {
        let text = "Name:\tcar-server\nVmRSS:\t   18432 kB\nThreads:\t4\n";
        assert_eq!(number(text, "VmRSS:"), Some(18_432));
        assert_eq!(number(text, "Threads:"), Some(4));
        assert_eq!(number(text, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_memory_threads_and_descriptors() {
        let status = status();
        assert!(status.resident_bytes > Some(1 << 20), "{status:?}");
        assert!(status.threads >= Some(1), "{status:?}");
        assert!(status.open_descriptors >= Some(3), "{status:?}");
        assert!(
            status.max_descriptors >= status.open_descriptors,
            "{status:?}"
        );
    }
}
