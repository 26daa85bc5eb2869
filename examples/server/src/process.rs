//! Metrics of this process, under the names that all client libraries of Prometheus use.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// This process.
pub struct Process {
    /// Recorded once, because a calculated time would vary between scrapes like a restart.
    started: SystemTime,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            started: SystemTime::now(),
        }
    }
}

impl Process {
    /// Registers the current values.
    pub fn register(&self, registry: &mut Registry) {
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        registry.register_with_unit(
            "process_start_time",
            "Start time of the process since 1970",
            Unit::Seconds,
            ConstGauge::new(started.as_secs_f64()),
        );
        #[cfg(target_os = "linux")]
        linux::register(registry);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;
    use prometheus_client::registry::{Registry, Unit};
    use rustix::param::page_size;
    use rustix::process::{Resource, getrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Registers the values that are available.
    pub fn register(registry: &mut Registry) {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        registry.register_with_unit(
            "process_cpu",
            "Processor time used by all threads",
            Unit::Seconds,
            ConstCounter::new(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9),
        );
        let memory = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let mut memory = memory.split(' ').map(|pages| pages.parse::<u64>().ok());
        for (name, help) in [
            ("process_virtual_memory", "Virtual memory"),
            ("process_resident_memory", "Memory in use"),
        ] {
            if let Some(pages) = memory.next().flatten() {
                let bytes = page_size() as u64 * pages;
                registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(bytes));
            }
        }
        // One of them lists the others.
        let open = entries("/proc/self/fd").map(|count| count - 1);
        for (name, help, count) in [
            ("process_open_fds", "Open files and connections", open),
            (
                "process_max_fds",
                "Limit of open files and connections",
                getrlimit(Resource::Nofile).current,
            ),
            ("process_threads", "Threads", entries("/proc/self/task")),
        ] {
            if let Some(count) = count {
                registry.register(name, help, ConstGauge::new(count));
            }
        }
    }

    fn entries(directory: &str) -> Option<u64> {
        Some(fs::read_dir(directory).ok()?.count() as u64)
    }
}
