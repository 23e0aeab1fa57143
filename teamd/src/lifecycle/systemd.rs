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
    let names: Vec<String> = sd_notify::listen_fds_with_names()?
        .map(|(_, name)| name)
        .collect();
    let Some(index) = choose(&names, name)? else {
        return Ok(None);
    };
    let listener = listenfd::ListenFd::from_env()
        .take_unix_listener(index)?
        .ok_or_else(|| io::Error::other("the sockets that systemd passed are gone"))?;
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

/// Which of the sockets to take.
fn choose(names: &[String], wanted: &str) -> io::Result<Option<usize>> {
    if names.is_empty() {
        return Ok(None);
    }
    // What sd-notify calls a socket if LISTEN_FDNAMES is not set.
    let unnamed = names == ["unknown"];
    let found = names
        .iter()
        .position(|name| name == wanted)
        .or(unnamed.then_some(0));
    found.map(Some).ok_or_else(|| {
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
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn sockets_are_chosen_by_name() {
        assert_eq!(choose(&[], "api").unwrap(), None);
        assert_eq!(choose(&names(&["metrics", "api"]), "api").unwrap(), Some(1));
        assert_eq!(choose(&names(&["unknown"]), "api").unwrap(), Some(0));
        let error = choose(&names(&["teamd.socket"]), "api").unwrap_err();
        assert!(error.to_string().contains("FileDescriptorName=api"));
        assert!(choose(&names(&["unknown", "unknown"]), "api").is_err());
    }

    #[test]
    fn without_systemd_nothing_happens() {
        ready();
        status("two\nlines");
        reloading();
        alive();
        stopping();
        assert!(inherited_listener("api").unwrap().is_none());
    }
}
