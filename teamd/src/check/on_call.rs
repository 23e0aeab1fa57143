//! On-call sources: who else could change them, and whether the installed unit lets their programs run.

use super::Line;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use teamd_config::OnCall;
use teamd_host::files::refuse_untrusted;

/// Where systemd looks for units, the first before the others.
const UNIT_FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// Longest first line of a script that Linux reads.
const MAX_SHEBANG: u64 = 256;

/// A line for each source.
pub(super) fn lines(sources: &BTreeMap<String, OnCall>, daemon: Option<u32>) -> Vec<Line> {
    let daemon = daemon.unwrap_or_else(|| rustix::process::geteuid().as_raw());
    let root = Path::new("/");
    let sources = sources.iter();
    sources
        .map(|(name, source)| judge(root, name, source, daemon))
        .collect()
}

fn judge(root: &Path, name: &str, source: &OnCall, daemon: u32) -> Line {
    let mut paths = source.paths().into_iter();
    if let Err(why) = paths.try_for_each(|path| refuse_untrusted(path, daemon)) {
        return Line::fail("on-call", format!("source {name} is refused: {why}"), "");
    }
    let words = match source {
        OnCall::File(path) => {
            let detail = format!("only root and teamd can change {}", path.display());
            return Line::ok("on-call", format!("source {name}: {detail}"));
        }
        OnCall::Command(words) => words,
    };
    let forbidden = Unit::read(root).forbidden(programs(words));
    if forbidden.is_empty() {
        let detail = format!(
            "source {name}: only root and teamd can change {}",
            words.join(" ")
        );
        return Line::ok("on-call", detail);
    }
    Line::warn(
        "on-call",
        format!(
            "source {name}: the unit teamd.service does not allow {} to be executed",
            forbidden.join(" and ")
        ),
        "install systemd/teamd.service.d/on-call-command.conf.example as \
         /etc/systemd/system/teamd.service.d/on-call-command.conf, name there the program, its interpreter and what they \
         start, then: systemctl daemon-reload && systemctl restart teamd",
    )
}

/// The program of a command, and its interpreter where it is a script.
fn programs(words: &[String]) -> Vec<PathBuf> {
    let program = words.first().map(PathBuf::from);
    let interpreter = program.as_deref().and_then(interpreter);
    program.into_iter().chain(interpreter).collect()
}

fn interpreter(program: &Path) -> Option<PathBuf> {
    let mut head = Vec::new();
    let file = fs::File::open(program).ok()?;
    file.take(MAX_SHEBANG).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.strip_prefix("#!")?.lines().next()?;
    line.split_whitespace().next().map(PathBuf::from)
}

/// What the installed unit and its drop-ins let be executed.
#[derive(Debug, Default)]
struct Unit {
    /// `NoExecPaths=` is set.
    is_restricted: bool,
    /// `ExecPaths=`, links resolved.
    allowed: Vec<PathBuf>,
}

impl Unit {
    fn read(root: &Path) -> Self {
        let mut texts = Vec::new();
        let unit = UNIT_FOLDERS.map(|folder| root.join(folder).join("teamd.service"));
        texts.extend(unit.iter().find_map(|file| fs::read_to_string(file).ok()));
        for folder in UNIT_FOLDERS {
            let entries = fs::read_dir(root.join(folder).join("teamd.service.d"));
            let files = entries.into_iter().flatten().flatten().map(|entry| entry.path());
            let drop_ins = files.filter(|file| file.extension().is_some_and(|end| end == "conf"));
            texts.extend(drop_ins.filter_map(|file| fs::read_to_string(file).ok()));
        }
        let mut unit = Self::default();
        for line in texts.iter().flat_map(|text| text.lines()) {
            if let Some(paths) = line.strip_prefix("NoExecPaths=") {
                unit.is_restricted |= !paths.trim().is_empty();
            } else if let Some(paths) = line.strip_prefix("ExecPaths=") {
                let paths = paths.split_whitespace();
                let paths = paths.map(|path| path.trim_start_matches(['-', '+']));
                unit.allowed
                    .extend(paths.filter_map(|path| fs::canonicalize(path).ok()));
            }
        }
        unit
    }

    /// Those that may not be executed.
    fn forbidden(&self, programs: Vec<PathBuf>) -> Vec<String> {
        let is_allowed = |program: &PathBuf| {
            let program = fs::canonicalize(program).unwrap_or_else(|_| program.clone());
            !self.is_restricted || self.allowed.iter().any(|allowed| program.starts_with(allowed))
        };
        let forbidden = programs.into_iter().filter(|program| !is_allowed(program));
        forbidden.map(|program| program.display().to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use std::os::unix::fs::PermissionsExt as _;
    use team_test_support::trusted::trusted_folder;

    const UNIT: &str = include_str!("../../../systemd/teamd.service");
    const DROP_IN: &str = include_str!("../../../systemd/teamd.service.d/on-call-command.conf.example");

    fn judged(root: &Path, source: &OnCall) -> Line {
        judge(root, "ledger", source, rustix::process::geteuid().as_raw())
    }

    fn put(path: &Path, text: &str, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn writable_source_is_a_failure() {
        let folder = trusted_folder();
        let path = folder.path().join("payments");
        for (mode, expected) in [(0o644, Status::Ok), (0o666, Status::Fail)] {
            put(&path, "ann\n", mode);
            let line = judged(folder.path(), &OnCall::File(path.clone()));
            assert_eq!(line.status, expected, "{line:?}");
        }
    }

    #[test]
    fn command_needs_the_drop_in_under_shipped_unit() {
        let folder = trusted_folder();
        let root = folder.path();
        let script = root.join("who");
        put(&script, "#!/bin/sh -e\necho ann\n", 0o755);
        let source = OnCall::Command(vec![script.display().to_string()]);
        assert_eq!(judged(root, &source).status, Status::Ok, "no unit is installed");
        put(&root.join("usr/lib/systemd/system/teamd.service"), UNIT, 0o644);
        let line = judged(root, &source);
        assert_eq!(line.status, Status::Warn);
        assert!(line.detail.contains(&script.display().to_string()), "{line:?}");
        assert!(line.detail.contains("/bin/sh"), "{line:?}");
        assert!(line.help.contains("on-call-command.conf"), "{line:?}");
        // The sample allows the shell, and a program that is called as in the sample.
        let drop_in = root.join("etc/systemd/system/teamd.service.d/on-call-command.conf");
        put(&drop_in, DROP_IN, 0o644);
        let line = judged(root, &source);
        assert!(!line.detail.contains("/bin/sh"), "{line:?}");
        let named = DROP_IN.replace("/usr/local/bin/who-is-on-call", &script.display().to_string());
        put(&drop_in, &named, 0o644);
        assert_eq!(judged(root, &source).status, Status::Ok);
    }
}
