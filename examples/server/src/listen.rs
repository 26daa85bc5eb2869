//! The addresses to listen on. They are bound first, so that a port in use is reported before
//! anything else happens, but connections are refused until the server is ready. If two servers start
//! at the same time, both bind an address, and the one that is ready first gets it.

use std::io;
use std::net::SocketAddr;

use anyhow::anyhow;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Config;

/// Maximum connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Sockets that are bound to the addresses, but do not accept connections yet.
pub struct Sockets {
    public: Socket,
    admin: Option<Socket>,
}

impl Sockets {
    /// Binds the addresses.
    ///
    /// # Errors
    ///
    /// Fails if one is in use.
    pub fn bind(config: &Config) -> anyhow::Result<Self> {
        let option = "--admin-listen";
        let admin = |address: SocketAddr| match address == config.listen && address.port() != 0 {
            // The system would report this only once both sockets listen.
            true => Err(listen_error(
                option,
                address,
                &io::ErrorKind::AddrInUse.into(),
            )),
            false => Socket::bind(option, address),
        };
        Ok(Self {
            public: Socket::bind("--listen", config.listen)?,
            admin: config.admin_listen.map(admin).transpose()?,
        })
    }

    /// Starts to accept connections.
    ///
    /// # Errors
    ///
    /// Fails if another process listens on one of the addresses.
    pub fn listen(self) -> anyhow::Result<Listeners> {
        Ok(Listeners {
            public: self.public.listen()?,
            admin: self.admin.map(Socket::listen).transpose()?,
        })
    }
}

/// The address for devices and browsers, and the one for metrics and health if it is separate.
pub type Addresses = (SocketAddr, Option<SocketAddr>);

/// Sockets that accept connections.
pub struct Listeners {
    /// For devices and browsers.
    pub public: TcpListener,
    /// For metrics and health, if they have a separate address.
    pub admin: Option<TcpListener>,
}

impl Listeners {
    /// Returns the addresses, with the ports that the system has chosen.
    ///
    /// # Errors
    ///
    /// Fails if the system does.
    pub fn addresses(&self) -> io::Result<Addresses> {
        let admin = self.admin.as_ref().map(TcpListener::local_addr);
        Ok((self.public.local_addr()?, admin.transpose()?))
    }
}

struct Socket {
    option: &'static str,
    address: SocketAddr,
    socket: TcpSocket,
}

impl Socket {
    fn bind(option: &'static str, address: SocketAddr) -> anyhow::Result<Self> {
        let socket = bind(address).map_err(|error| listen_error(option, address, &error))?;
        Ok(Self {
            option,
            address,
            socket,
        })
    }

    fn listen(self) -> anyhow::Result<TcpListener> {
        let listener = self.socket.listen(BACKLOG);
        listener.map_err(|error| listen_error(self.option, self.address, &error))
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of an earlier process may still use the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Returns an error that suggests a free port if this one is in use, as is common on a first try.
fn listen_error(option: &str, address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let free = SocketAddr::new(address.ip(), 0);
            format!("; use `{option} {free}` for a free port")
        }
        _ => String::new(),
    };
    anyhow!("cannot listen on {address}: {error}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_suggested_only_if_the_port_is_in_use() {
        let message = |address: &str, kind: io::ErrorKind| {
            let address = address.parse().expect("valid address");
            listen_error("--listen", address, &kind.into()).to_string()
        };
        let in_use = message("[::1]:8080", io::ErrorKind::AddrInUse);
        assert!(
            in_use.starts_with("cannot listen on [::1]:8080: "),
            "{in_use}"
        );
        assert!(
            in_use.ends_with("; use `--listen [::1]:0` for a free port"),
            "{in_use}"
        );
        let denied = message("127.0.0.1:80", io::ErrorKind::PermissionDenied);
        assert!(!denied.contains("--listen"), "{denied}");
    }
}
