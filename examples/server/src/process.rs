//! Metrics of this process, under the names that all Prometheus client libraries use.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// This process.
pub struct Process {
    /// Recorded once: if computed for each scrape, it would vary, which looks like a restart.
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
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (name, help, field) in [
            ("process_virtual_memory", "Virtual memory", "VmSize:"),
            ("process_resident_memory", "Resident memory", "VmRSS:"),
        ] {
            if let Some(kibibytes) = number(&status, field) {
                let bytes = ConstGauge::new(1024 * kibibytes);
                registry.register_with_unit(name, help, Unit::Bytes, bytes);
            }
        }
        // Without the one that is open to list them.
        let open = fs::read_dir("/proc/self/fd").map(|files| files.count() as u64 - 1);
        for (name, help, count) in [
            ("process_open_fds", "Open files and connections", open.ok()),
            (
                "process_max_fds",
                "Limit of open files and connections",
                getrlimit(Resource::Nofile).current,
            ),
            ("process_threads", "Threads", number(&status, "Threads:")),
        ] {
            if let Some(count) = count {
                registry.register(name, help, ConstGauge::new(count));
            }
        }
    }

    fn number(status: &str, field: &str) -> Option<u64> {
        let field = status.lines().find_map(|line| line.strip_prefix(field))?;
        field.split_whitespace().next()?.parse().ok()
    }
}
