//! What other processes on the host do to the daemon: no caller is needed for it.

use crate::attack::Attack;
use crate::figures::Figures;
use crate::schedule::Phase;
use crate::world::World;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;

/// Prints 160 MB a second once the switch is there, and says that it did.
const ENDLESS: &str = "#!/bin/sh\n[ -e SWITCH ] || exit 0\n: >RAN\n\
    while :; do head -c 8000000 /dev/zero; sleep 0.05; done\n";

/// A FIFO that is there before the start, a file that becomes one, and a program that prints without end.
pub(crate) fn prepare_on_call(folder: &Path) -> std::io::Result<()> {
    nix::unistd::mkfifo(&folder.join("on-call-fifo"), Mode::from_bits_truncate(0o600))?;
    let file = folder.join("on-call-file");
    std::fs::write(&file, "bob\n")?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644))?;
    let program = folder.join("on-call-program");
    let text = ENDLESS.replace("SWITCH", &folder.join("endless").display().to_string());
    std::fs::write(
        &program,
        text.replace("RAN", &folder.join("ran").display().to_string()),
    )?;
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755))
}

/// `[oncall]` for [`prepare_on_call`].
pub(crate) fn on_call_configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[oncall]\nfifo = {{ file = \"{folder}/on-call-fifo\" }}\nfile = {{ file = \"{folder}/on-call-file\" }}\n\
         program = {{ command = [\"{folder}/on-call-program\"] }}\n"
    )
}

/// What goes on during a phase.
pub(crate) struct Host {
    attacks: Vec<Attack>,
    lock: Option<Connection>,
    reloads: JoinSet<()>,
}

impl Host {
    /// Begins the attacks of a phase that need no caller.
    pub(crate) fn begin(world: &World, phase: &Phase) -> Self {
        let mut host = Self {
            attacks: phase.attacks.clone(),
            lock: None,
            reloads: JoinSet::new(),
        };
        if host.does(Attack::OnCallSources) {
            let file = world.on_call_folder().join("on-call-file");
            std::fs::write(world.on_call_folder().join("endless"), "").expect("a file");
            std::fs::remove_file(&file).expect("the file");
            nix::unistd::mkfifo(&file, Mode::from_bits_truncate(0o600)).expect("a FIFO");
        }
        if host.does(Attack::BusyDatabase) {
            let connection = Connection::open(world.database()).expect("the database");
            connection
                .busy_timeout(Duration::from_secs(2))
                .expect("a timeout");
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .expect("the write lock");
            host.lock = Some(connection);
        }
        if host.does(Attack::Noise) {
            world.daemon.read_log(false);
            let id = nix::unistd::Pid::from_raw(i32::try_from(world.daemon.id()).expect("a process id"));
            // Each reload is a line of the log.
            host.reloads.spawn(async move {
                loop {
                    let _ = nix::sys::signal::kill(id, Signal::SIGHUP);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            });
        }
        host
    }

    fn does(&self, attack: Attack) -> bool {
        self.attacks.contains(&attack)
    }

    /// Ends them.
    pub(crate) async fn end(&mut self, world: &World, phase: &str, figures: &mut Figures) {
        self.reloads.shutdown().await;
        world.daemon.read_log(true);
        if let Some(connection) = self.lock.take()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            figures.fail(format!(
                "{phase}: the write lock was not held to the end: {error}"
            ));
        }
        if self.does(Attack::OnCallSources) {
            std::fs::remove_file(world.on_call_folder().join("endless")).expect("the file");
            let file = world.on_call_folder().join("on-call-file");
            std::fs::remove_file(&file).expect("the FIFO");
            std::fs::write(&file, "bob\n").expect("a file");
            if self.attacks.len() == 1 && !world.on_call_folder().join("ran").exists() {
                figures.fail(format!(
                    "{phase}: the endless program never ran: this was no attack"
                ));
            }
        }
    }
}
