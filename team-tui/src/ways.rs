//! How an access is used: what `use` prints and the dashboard's sheet shows, so that both say the same. Never credentials:
//! these come from AWS, to whoever signs in.

use crate::profile::Profile;
use team_shared::portal::Use;

/// One thing that is needed, to be read or copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) label: &'static str,
    pub(crate) text: String,
}

/// An access, and all that is needed to use it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ways {
    pub(crate) access: Use,
    pub(crate) all: Vec<Way>,
    /// Why not all of it is there, where it is not.
    pub(crate) missing: Option<String>,
}

impl Ways {
    /// Of an access; `over_ssh`: no browser reaches this host.
    pub(crate) fn of(access: Use, over_ssh: bool) -> Self {
        let way = |label, text| Way { label, text };
        let console = access
            .console_url()
            .unwrap_or_else(|| "in your AWS access portal, under this account and role".to_owned());
        let mut all = vec![way("console", console)];
        let made = Profile::of(&access);
        if let Ok(made) = &made {
            all.extend([
                way("profile", made.text().trim_end().to_owned()),
                way("sign in", made.sign_in(over_ssh).join(" ")),
                way("then", format!("export AWS_PROFILE={}", made.name)),
            ]);
        }
        let missing = made
            .err()
            .map(|why| format!("no link or profile can be made in full: {why}"));
        Self { access, all, missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::tests::access;

    #[test]
    fn link_profile_and_commands_or_why_not() {
        let ways = Ways::of(access(), true);
        let labels: Vec<_> = ways.all.iter().map(|way| way.label).collect();
        assert_eq!(labels, ["console", "profile", "sign in", "then"]);
        assert!(ways.all[2].text.ends_with("--use-device-code"), "{ways:?}");
        let ways = Ways::of(
            Use {
                portal_url: None,
                ..access()
            },
            false,
        );
        assert_eq!(ways.all.len(), 1);
        assert!(ways.missing.is_some_and(|why| why.contains("portal_url")));
    }
}
