//! Who is looking at a request. A claim ends by itself, and the daemon sends no event for that: whoever shows one asks
//! here, and nowhere else, whether it still holds.

use chrono::{DateTime, Utc};
use team_shared::request::{PersonRef, RequestView};

/// Who looks at it now, and until when that holds.
pub(crate) fn holder(view: &RequestView, now: DateTime<Utc>) -> Option<(&PersonRef, DateTime<Utc>)> {
    let until = until(view)?;
    let who = view.claimed_by.as_ref()?;
    (until > now).then_some((who, until))
}

/// Until when the claim that was read holds, past or to come. One that has no end is there until it is given up.
pub(crate) fn until(view: &RequestView) -> Option<DateTime<Utc>> {
    view.claimed_by.as_ref()?;
    Some(view.claimed_until.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// `gita`, or `gita until 14:12Z` where there is an end.
pub(crate) fn words(
    view: &RequestView,
    now: DateTime<Utc>,
    show: impl Fn(DateTime<Utc>) -> String,
) -> Option<String> {
    let (who, until) = holder(view, now)?;
    Some(match view.claimed_until {
        Some(_) => format!("{} until {}", who.user_name, show(until)),
        None => who.user_name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::Duration;

    #[test]
    fn a_claim_holds_until_its_end_and_not_a_moment_longer() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let mut view = fixtures::request(now, "7FQHX2", "bob", 4);
        view.claimed_until = Some(now + Duration::minutes(5));
        assert_eq!(holder(&view, now), None, "nobody claims it");
        view.claimed_by = Some(fixtures::person("gita"));
        let at = |minutes| now + Duration::minutes(minutes);
        assert!(holder(&view, at(4)).is_some_and(|(who, until)| who.user_name == "gita" && until == at(5)));
        assert_eq!(holder(&view, at(5)), None);
        assert_eq!(
            words(&view, now, |_| "noon".to_owned()).as_deref(),
            Some("gita until noon")
        );
        assert_eq!(words(&view, at(6), |_| "noon".to_owned()), None);
    }
}
