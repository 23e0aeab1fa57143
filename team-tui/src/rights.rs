//! What the reader may do beyond single requests, and what holds for everybody, as the daemon has said.

use crate::app::App;
use team_shared::request::PersonRef;

impl App {
    /// Whether they may freeze, or lift a freeze: the daemon has the last word.
    pub(crate) fn freezes(&self) -> bool {
        let roles = self.me.as_ref().map(|me| &me.roles);
        roles.is_some_and(|roles| {
            let freezing = ["security", "admin", "operator"];
            roles.iter().any(|role| freezing.contains(&role.as_str()))
        })
    }

    /// Whether a freeze is on, as everybody is told.
    pub(crate) fn is_frozen(&self) -> bool {
        let me = self.me.as_ref();
        me.is_some_and(|me| me.notices.iter().any(|notice| notice.starts_with("frozen by ")))
    }

    /// Whether that is the reader.
    pub(crate) fn is_me(&self, who: &PersonRef) -> bool {
        let me = self.me.as_ref().and_then(|me| me.person.as_ref());
        me.is_some_and(|person| person.user_id == who.user_id)
    }
}
