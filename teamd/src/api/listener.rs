//! The socket, and what the kernel says about the other end of each connection.

use super::Api;
use super::caller::PeerInfo;
use crate::domain::identity::Peer;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use tokio::net::UnixListener;

impl Connected<IncomingStream<'_, UnixListener>> for PeerInfo {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        // A connection whose peer the kernel does not name is nobody's: there is no default identity.
        let peer = stream.io().peer_cred().ok().map(|credentials| Peer {
            uid: credentials.uid(),
            pid: credentials.pid(),
            login_uid: credentials.pid().and_then(login_uid),
        });
        Self(peer)
    }
}

/// `/proc/PID/loginuid`, where it is set. Evidence beside the peer uid, never identity: the pid may have gone.
fn login_uid(pid: i32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

/// Makes the socket. A socket that a daemon before has left behind is replaced; anything else at the path is not.
///
/// # Errors
/// The path cannot be used, another daemon listens there, or mode or group cannot be set.
pub fn bind(path: &Path, mode: u32, group: Option<u32>) -> io::Result<UnixListener> {
    if let Ok(metadata) = std::fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} exists and is not a socket", path.display()),
            ));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("another daemon listens on {}", path.display()),
            ));
        }
        std::fs::remove_file(path)?;
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let listener = UnixListener::bind(path)?;
    if let Some(group) = group {
        std::os::unix::fs::chown(path, None, Some(group))?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Answers until `stop` is done; then no new connection is taken and open answers are finished.
///
/// # Errors
/// The socket fails.
pub async fn serve(
    listener: UnixListener,
    api: Api,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = super::router(api).into_make_service_with_connect_info::<PeerInfo>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
