//! The residual window: what is over in AWS, but whose keys, issued before the end, may live on. Whoever shows one asks here
//! whether it is over by now as well.

use chrono::{DateTime, Utc};
use team_shared::request::{EndedView, RequestView};

/// Until when keys of what is over may still live; none: not over, nothing is known of any, or that is over too.
pub(crate) fn until(view: &RequestView, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    end(view).filter(|until| *until > now)
}

/// The end of the window, past or to come.
pub(crate) fn end(view: &RequestView) -> Option<DateTime<Utc>> {
    view.ended.as_ref()?.residual_until
}

/// What a sheet says of it.
pub(crate) fn words(
    ended: &EndedView,
    now: DateTime<Utc>,
    show: impl Fn(DateTime<Utc>) -> String,
) -> Option<String> {
    let until = ended.residual_until?;
    Some(if until > now {
        format!("issued before the end may live until {}", show(until))
    } else {
        format!("issued before the end are over since {}", show(until))
    })
}

/// Which other request keeps the access, and until when.
pub(crate) fn held(ended: &EndedView, show: impl Fn(DateTime<Utc>) -> String) -> Option<String> {
    let holder = ended.still_held_by?;
    let until = ended
        .still_held_until
        .map_or_else(String::new, |at| format!(" until {}", show(at)));
    Some(format!("by request {}{until}", holder.short()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::Duration;

    #[test]
    fn it_is_over_at_its_end() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let mut view = fixtures::requests(now).pop().expect("one that is over");
        let mut ended = view.ended.take().expect("it is over");
        assert_eq!(until(&view, now), None, "not over");
        ended.residual_until = Some(now + Duration::hours(1));
        ended.still_held_by = Some(view.id);
        let say = |now| words(&ended, now, |_| "noon".to_owned()).unwrap_or_default();
        assert_eq!(say(now), "issued before the end may live until noon");
        assert_eq!(
            say(now + Duration::hours(1)),
            "issued before the end are over since noon"
        );
        let short = view.id.short();
        assert_eq!(
            held(&ended, |_| "noon".to_owned()),
            Some(format!("by request {short}"))
        );
        view.ended = Some(ended);
        assert_eq!(until(&view, now), Some(now + Duration::hours(1)));
        assert_eq!(until(&view, now + Duration::hours(1)), None);
    }
}
