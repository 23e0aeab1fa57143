//! What systemd is told and what it passes. Without systemd everything here does nothing.

use sd_notify::NotifyState;
use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;
use team_shared::text::inert;

/// The daemon serves. `Type=notify` units count as started from here on.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The daemon stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// One line for `systemctl status`.
pub fn status(text: &str) {
    // A line break would begin an assignment of its own, such as MAINPID=.
    let line = inert(text);
    tell(&[NotifyState::Status(&line)]);
}

/// The configuration is read again; [`ready`] ends this.
pub fn reloading() {
    // `Type=notify-reload` wants the time; units of other types ignore it.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The daemon is alive. Call this from the work that must go on, never from a timer of its own.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be called: half of what the unit allows, as systemd recommends. None: nobody watches.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled()
        .filter(|period| !period.is_zero())
        .map(|period| period / 2)
}

/// The listening socket of that name (`FileDescriptorName=`) that systemd passed, non-blocking. None: it passed no
/// sockets. A socket without a name is taken if it is the only one.
///
/// Call this once, first thing in `main`: it takes the variables out of the environment, which is sound only while
/// there are no other threads, and the sockets can be taken only once.
///
/// # Errors
/// Sockets were passed, but none that can be used: going on without would listen beside the one clients use.
pub fn inherited_listener(name: &str) -> io::Result<Option<UnixListener>> {
    // Names without sockets are left over from a parent's environment; sd-notify would call them invalid.
    if sd_notify::listen_fds()?.len() == 0 {
        return Ok(None);
    }
    let names: Vec<String> = sd_notify::listen_fds_with_names()?
        .map(|(_, name)| name)
        .collect();
    let index = choose(&names, name)?;
    let listener = listenfd::ListenFd::from_env()
        .take_unix_listener(index)?
        .ok_or_else(|| io::Error::other("the sockets that systemd passed are gone"))?;
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

/// Which of the sockets to take.
fn choose(names: &[String], wanted: &str) -> io::Result<usize> {
    // What sd-notify calls a socket if LISTEN_FDNAMES is not set.
    let unnamed = names == ["unknown"];
    let found = names
        .iter()
        .position(|name| name == wanted)
        .or(unnamed.then_some(0));
    found.ok_or_else(|| {
        io::Error::other(format!(
            "systemd passed sockets ({}), but none is named {wanted}: set FileDescriptorName={wanted} in the socket unit",
            inert(&names.join(", "))
        ))
    })
}

fn tell(states: &[NotifyState<'_>]) {
    // Nothing is lost but a line in a status screen, except for a watchdog that will act on the silence by itself.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests {
    use crate::lifecycle::systemd::*;
    use std::io::{Read as _, Write as _};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::process::{Command, Stdio};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn sockets_are_chosen_by_name() {
        assert_eq!(choose(&names(&["metrics", "api"]), "api").unwrap(), 1);
        assert_eq!(choose(&names(&["unknown"]), "api").unwrap(), 0);
        let error = choose(&names(&["teamd.socket"]), "api").unwrap_err();
        assert!(error.to_string().contains("FileDescriptorName=api"));
        assert!(choose(&names(&["unknown", "unknown"]), "api").is_err());
    }

    /// What the daemon does at its start, as the child of the test below; on its own it does nothing.
    #[test]
    fn child() {
        if std::env::var_os("TEAMD_TEST_CHILD").is_none() {
            return;
        }
        let listener = inherited_listener("api").unwrap().unwrap();
        listener.set_nonblocking(false).unwrap();
        status("two\nlines");
        reloading();
        ready();
        listener.accept().unwrap().0.write_all(b"served").unwrap();
        assert!(
            inherited_listener("api").unwrap().is_none(),
            "sockets are taken once"
        );
    }

    #[test]
    fn a_passed_socket_is_served_and_systemd_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let notify = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        notify.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let listener = UnixListener::bind(dir.path().join("api")).unwrap();
        // systemd passes sockets from descriptor 3 on and names the child's pid: a shell can do both.
        let script = "exec 3<&0; LISTEN_PID=$$ exec \"$0\" --exact lifecycle::systemd::tests::child";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .stdin(OwnedFd::from(listener))
            .stdout(Stdio::null())
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDNAMES", "api")
            .env("NOTIFY_SOCKET", dir.path().join("notify"))
            .env("TEAMD_TEST_CHILD", "1")
            .spawn()
            .unwrap();
        let mut served = String::new();
        let mut client = UnixStream::connect(dir.path().join("api")).unwrap();
        client.read_to_string(&mut served).unwrap();
        assert_eq!(served, "served");
        assert!(child.wait().unwrap().success());
        let told = || {
            let mut buffer = [0; 256];
            let length = notify.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        assert_eq!(told(), "STATUS=two lines\n");
        assert!(told().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        assert_eq!(told(), "READY=1\n");
    }
}
