//! The AWS profile of an access: an `sso-session` and a `profile` section, and the command that signs in. What comes from
//! outside is either made safe or refused here, so that no line of the file is somebody else's.

use team_shared::portal::{Use, safe_name};

/// Two sections, whose texts hold no line break and no control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Name of the `sso-session`: one for each portal, so that one sign-in serves all profiles.
    pub(crate) session: String,
    /// Name of the profile.
    pub(crate) name: String,
    start_url: String,
    sso_region: String,
    region: String,
    account_id: String,
    role_name: String,
}

/// A section of the file: its header's two words, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// `sso-session` or `profile`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// `key = value`, a line each.
    pub(crate) lines: Vec<String>,
}

impl Section {
    /// The header's line.
    pub(crate) fn header(&self) -> String {
        format!("[{} {}]", self.kind, self.name)
    }
}

impl Profile {
    /// The profile of an access.
    ///
    /// # Errors
    /// What the administrator has to configure, or which value cannot be written.
    pub(crate) fn of(access: &Use) -> Result<Self, String> {
        let unset = |key: &str| format!("the daemon does not know it: set `{key}` under [aws] in teamd.toml");
        let start_url = access.portal_url.clone().ok_or_else(|| unset("portal_url"))?;
        let sso_region = access.sso_region.clone().ok_or_else(|| unset("region"))?;
        let region = access.region.clone().unwrap_or_else(|| sso_region.clone());
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        for (what, text) in [
            ("portal_url", &start_url),
            ("sso_region", &sso_region),
            ("region", &region),
            ("role_name", &access.role_name),
        ] {
            if !plain(text) {
                return Err(format!("{what} is {text:?}, which no AWS profile can hold"));
            }
        }
        let host = start_url.split("://").last().unwrap_or_default();
        let label = host.split(['.', '/', ':']).next().unwrap_or_default();
        let name = Some(access.profile.split_whitespace().collect::<Vec<_>>().join("-"))
            .filter(|name| is_safe(name))
            .unwrap_or_else(|| {
                team_shared::portal::profile_name(&access.account_name, &access.account_id, &access.role_name)
            });
        Ok(Self {
            session: format!("teamd-{}", safe_name(label)),
            name,
            start_url,
            sso_region,
            region,
            account_id: access.account_id.to_string(),
            role_name: access.role_name.clone(),
        })
    }

    /// The sections, the session first.
    pub(crate) fn sections(&self) -> [Section; 2] {
        let line = |key: &str, value: &str| format!("{key} = {value}");
        [
            Section {
                kind: "sso-session",
                name: self.session.clone(),
                lines: vec![
                    line("sso_start_url", &self.start_url),
                    line("sso_region", &self.sso_region),
                    line("sso_registration_scopes", "sso:account:access"),
                ],
            },
            Section {
                kind: "profile",
                name: self.name.clone(),
                lines: vec![
                    line("sso_session", &self.session),
                    line("sso_account_id", &self.account_id),
                    line("sso_role_name", &self.role_name),
                    line("region", &self.region),
                ],
            },
        ]
    }

    /// Both sections as a text.
    pub(crate) fn text(&self) -> String {
        let texts = self
            .sections()
            .map(|s| format!("{}\n{}\n", s.header(), s.lines.join("\n")));
        texts.join("\n")
    }

    /// The command that signs in. Over SSH no browser can reach this host's loopback, so a code is typed instead.
    pub(crate) fn sign_in(&self, over_ssh: bool) -> Vec<String> {
        let mut words = vec!["aws", "sso", "login", "--sso-session", &self.session];
        if over_ssh {
            words.push("--use-device-code");
        }
        words.into_iter().map(str::to_owned).collect()
    }
}

/// Whether we came over SSH.
pub(crate) fn over_ssh() -> bool {
    std::env::var_os("SSH_CONNECTION").is_some_and(|value| !value.is_empty())
}

/// Of the alphabet of [`safe_name`], and no option for any command.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['-', '.'])
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn access() -> Use {
        Use {
            request_id: "01KAPX5T8E3M2Q9V7WB4D6F0GH".parse().expect("an id"),
            portal_url: Some("https://example.awsapps.com/start".to_owned()),
            sso_region: Some("eu-west-1".to_owned()),
            region: Some("eu-west-1".to_owned()),
            account_id: "111122223333".parse().expect("an account id"),
            account_name: "pay-prod".to_owned(),
            role_name: "ReadOnlyAccess".to_owned(),
            profile: "pay-prod-111122223333-ReadOnlyAccess".to_owned(),
            until: "2026-11-22T16:00:00Z".parse().expect("a time"),
        }
    }

    #[test]
    fn two_sections_and_a_sign_in() {
        let profile = Profile::of(&access()).expect("it can be written");
        assert_eq!(
            profile.text(),
            "[sso-session teamd-example]\nsso_start_url = https://example.awsapps.com/start\n\
             sso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n\n\
             [profile pay-prod-111122223333-ReadOnlyAccess]\nsso_session = teamd-example\n\
             sso_account_id = 111122223333\nsso_role_name = ReadOnlyAccess\nregion = eu-west-1\n"
        );
        assert_eq!(
            profile.sign_in(true).join(" "),
            "aws sso login --sso-session teamd-example --use-device-code"
        );
        assert_eq!(
            profile.sign_in(false).join(" "),
            "aws sso login --sso-session teamd-example"
        );
    }

    #[test]
    fn hostile_values_write_no_line_of_their_own() {
        let mut hostile = access();
        hostile.profile = "x]\n[default]\naws_access_key_id = AKIA".to_owned();
        hostile.account_name = "pay]\n[default".to_owned();
        let profile = Profile::of(&hostile).expect("a name is made");
        assert_eq!(profile.name, "pay-default-111122223333-ReadOnlyAccess");
        hostile.role_name = "x\n[default]".to_owned();
        assert!(Profile::of(&hostile).is_err_and(|why| why.contains("role_name")));
    }

    #[test]
    fn what_is_not_configured_is_named() {
        let mut unset = access();
        unset.portal_url = None;
        assert!(Profile::of(&unset).is_err_and(|why| why.contains("`portal_url` under [aws]")));
        let mut unset = access();
        unset.sso_region = None;
        assert!(Profile::of(&unset).is_err_and(|why| why.contains("`region` under [aws]")));
    }
}
