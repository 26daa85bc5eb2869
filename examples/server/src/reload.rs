//! Registration of devices in a store: at startup, and when the devices file is read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::app::App;
use crate::devices::{Devices, Entries};
use crate::store::Store;

/// The number of devices to register at once; batches wait until these are registered.
const PORTION: usize = 10_000;

/// Looks up the devices of a file in a store, and registers those that are new.
///
/// # Errors
///
/// Fails if the store cannot be read or written. Some of the devices may be registered.
pub async fn register<S: Store>(store: &S, mut entries: Entries) -> anyhow::Result<Devices> {
    let mut last = 0;
    loop {
        let registered = store.registered(last).await?;
        let Some(&(number, _)) = registered.last() else {
            break;
        };
        last = number;
        for (number, key) in registered {
            entries.set_number(&key, number);
        }
    }
    for devices in entries.new_devices().chunks(PORTION) {
        let numbers = store.register(devices.to_vec()).await?;
        for (device, number) in devices.iter().zip(numbers) {
            entries.set_number(&device.key, number);
        }
    }
    spawn_blocking(|| entries.into_devices()).await?
}

/// Reads the devices file again at each signal. Never completes.
#[cfg(unix)]
pub async fn reload_at<S: Store>(
    mut signal: tokio::signal::unix::Signal,
    app: Arc<App<S>>,
    file: Option<PathBuf>,
) {
    // Signals that arrive during a reload cause one more.
    while signal.recv().await.is_some() {
        match &file {
            None => tracing::info!("nothing to reload: there is no devices file"),
            Some(file) => {
                // A reload may hang, and later ones wait for it.
                tracing::info!("reloading devices");
                match reload(&app, file).await {
                    Ok((before, after)) => tracing::info!(before, after, "devices reloaded"),
                    Err(error) => tracing::error!(
                        error = format!("{error:#}"),
                        "devices not reloaded: the old ones remain in use"
                    ),
                }
            }
        }
    }
}

/// Reads the devices file again. Returns the number of devices before and after.
#[cfg(unix)]
async fn reload<S: Store>(app: &App<S>, file: &Path) -> anyhow::Result<(usize, usize)> {
    let file = file.to_owned();
    let entries = spawn_blocking(move || Entries::read(&file)).await??;
    let new = register(&app.store, entries).await?;
    let after = new.len();
    let old = app.replace_devices(new);
    let before = old.len();
    // Dropping a million devices takes a while.
    spawn_blocking(|| drop(old)).await?;
    Ok((before, after))
}
