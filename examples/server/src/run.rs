//! Startup and shutdown.

use std::env;
use std::fs::DirBuilder;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use anyhow::{Context, bail};
use axum::middleware::from_fn_with_state;
#[cfg(unix)]
use rustix::process::{Resource, getrlimit};

use crate::app::App;
use crate::config::Config;
use crate::cors::allow_origins;
use crate::devices::{DEMO_TOKEN, Devices, Entries};
use crate::http::{admin_endpoints, endpoints, router};
use crate::listen::{Addresses, Listeners, Sockets};
use crate::metrics::Metrics;
use crate::readers::Readers;
use crate::rejections::Rejections;
use crate::reload::register;
#[cfg(unix)]
use crate::reload::reload_at;
use crate::serve::{Service, serve};
#[cfg(unix)]
use crate::signals::handle_signals;
use crate::signals::stop_signal;
use crate::store::Store;

/// Connections to the admin listener: enough for a supervisor and several monitoring systems.
const ADMIN_CONNECTIONS: usize = 16;

/// Opens the store, prints a banner to `out`, and serves until a signal to stop arrives.
///
/// # Errors
///
/// Fails if the server cannot start or the store's writer has terminated.
pub async fn run<S: Store>(
    config: &Config,
    metrics: Arc<Metrics>,
    mut out: impl Write,
) -> anyhow::Result<()> {
    #[cfg(unix)]
    let hang_up = handle_signals()?;
    let (entries, demo_token) = match &config.devices {
        Some(path) => (Entries::read(path)?, None),
        None => (Entries::demo(), Some(DEMO_TOKEN)),
    };
    let sockets = Sockets::bind(config)?;
    #[cfg(unix)]
    check_open_files(config);
    let (store, devices, listeners) = start::<S>(config, entries, sockets, &metrics).await?;
    let (addresses, count) = (listeners.addresses()?, devices.len());
    let app = Arc::new(App {
        store,
        devices: RwLock::new(devices),
        metrics,
        rejections: Rejections::default(),
        readers: Readers::default(),
        demo_token,
        offline_after: config.offline_after,
    });
    let stop = stop_signal()?;
    #[cfg(unix)]
    tokio::spawn(reload_at(hang_up, Arc::clone(&app), config.devices.clone()));

    let database = app.store.location();
    let banner = banner(addresses, demo_token, &database);
    // The server runs even if nobody reads the banner.
    let _ = out.write_all(banner.as_bytes());
    let (address, admin) = addresses;
    let admin = admin.map(tracing::field::display);
    tracing::info!(%address, admin, devices = count, database, "started");
    serve_until(listeners, app, config, stop).await
}

/// Opens the store, registers the devices, and then listens.
async fn start<S: Store>(
    config: &Config,
    entries: Entries,
    sockets: Sockets,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(S, Devices, Listeners)> {
    let database = match &config.store.database {
        Some(database) => database.clone(),
        None => demo_database()?.into(),
    };
    let database = database.to_str().context("`--database` is not UTF-8")?;
    let store = S::open(database, &config.store, Arc::clone(metrics)).await?;
    let started = async {
        let devices = register(&store, entries).await;
        let devices = devices.with_context(|| format!("database {}", store.location()))?;
        anyhow::Ok((devices, sockets.listen()?))
    };
    match started.await {
        Ok((devices, listeners)) => Ok((store, devices, listeners)),
        Err(error) => {
            let _ = store.close().await;
            Err(error)
        }
    }
}

/// Returns the path of the demo database, in a directory that only this user can change.
fn demo_database() -> io::Result<PathBuf> {
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute()).or_else(|| {
        let home = env::home_dir().filter(|path| path.is_absolute())?;
        Some(home.join(".local/state"))
    });
    let directory = state.map(|state| state.join("pinquery-server"));
    let directory = directory.filter(|path| create_private(path, true).is_ok());
    let directory = directory.map_or_else(fresh_directory, Ok)?;
    Ok(directory.join("demo.db"))
}

/// Creates a directory with an unpredictable name. Fails if the name is already in use.
fn fresh_directory() -> io::Result<PathBuf> {
    let random = RandomState::new().hash_one(std::process::id());
    let path = env::temp_dir().join(format!("pinquery-server-{random:016x}"));
    create_private(&path, false)?;
    Ok(path)
}

fn create_private(path: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(recursive).create(path)
}

/// Serves until `stop` completes or the store's writer terminates.
async fn serve_until<S: Store>(
    listeners: Listeners,
    app: Arc<App<S>>,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let services = route(listeners, &app, config);
    let mut has_died = false;
    let end = async {
        tokio::select! {
            () = stop => {}
            () = app.store.died() => has_died = true,
        }
    };
    serve(services, &config.limits, &app.metrics, end).await;
    app.store.close().await?;
    if has_died {
        // The exit status lets a supervisor restart the server.
        bail!("the database writer has terminated");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Routes metrics and health to the admin listener, if there is one.
fn route<S: Store>(listeners: Listeners, app: &Arc<App<S>>, config: &Config) -> Vec<Service> {
    let timeout = config.limits.request_timeout;
    let router = |endpoints| router(Arc::clone(app), endpoints, timeout);
    let mut public = endpoints();
    let admin = admin_endpoints(timeout);
    let mut routed = Vec::new();
    match listeners.admin {
        Some(listener) => routed.push(Service {
            listener,
            router: router(admin),
            connections: ADMIN_CONNECTIONS,
        }),
        None => public = public.merge(admin),
    }
    let mut public = router(public);
    if !config.allow_origin.is_empty() {
        let allowed = Arc::from(&*config.allow_origin);
        public = public.layer(from_fn_with_state(allowed, allow_origins));
    }
    routed.push(Service {
        listener: listeners.public,
        router: public,
        connections: config.limits.connections,
    });
    routed
}

/// Returns the text to print at startup. For the demo device, its commands work as printed. For a
/// devices file, they contain placeholders, because its tokens are secret and its pins arbitrary.
fn banner((address, admin): Addresses, demo_token: Option<&str>, database: &str) -> String {
    let (pins, note) = match demo_token {
        Some(_) => ("v1=133&v2=21.5&v3=all+well&v5=24.94,60.17", ""),
        None => (
            "PIN=VALUE",
            "            (TOKEN: any token of the devices file; the page lists its pins)\n",
        ),
    };
    let token = demo_token.unwrap_or("TOKEN");
    let admin = admin.map(|admin| format!("  admin:    http://{admin}/metrics\n"));
    let admin = admin.unwrap_or_default();
    format!(
        "pinquery-server listening on http://{address}\n  \
         send:     curl 'http://{address}/external/api/batch/update?token={token}&{pins}'\n{note}  \
         read:     curl 'http://{address}/external/api/getAll?token={token}'\n  \
         page:     http://{address}/\n{admin}  \
         database: {database}\n"
    )
}

/// Number of files that the server opens in addition to connections, approximately.
#[cfg(unix)]
const OTHER_FILES: usize = 64;

/// Warns if the limit of open files is lower than what the server may need.
#[cfg(unix)]
fn check_open_files(config: &Config) {
    let required = config.limits.connections + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile).current;
    if let Some(limit) = limit.filter(|&limit| limit < required as u64) {
        tracing::warn!(
            limit,
            required,
            "the limit of open files is too low for `--connections`: raise `ulimit -n`"
        );
    }
}
