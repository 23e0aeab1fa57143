//! Refuses to serve where users cannot be told apart.

use super::RunError;
use teamd_host::procfs::UidMap;

/// Identity rests on uids. The demo and the tests, where one user plays all parts, do not come here.
pub(super) fn refuse_small(map: UidMap) -> Result<(), RunError> {
    match map {
        UidMap::TooSmall(count) => return Err(RunError::UidMap(count)),
        UidMap::Identity => {}
        UidMap::Partial(_) | UidMap::Unknown => {
            tracing::warn!(
                ?map,
                "uids may stand for others outside of this namespace; `teamd check` says more"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_uid_map_is_refused_with_help() {
        assert!(refuse_small(UidMap::Identity).is_ok());
        assert!(refuse_small(UidMap::Partial(65_536)).is_ok());
        let refused = refuse_small(UidMap::TooSmall(1)).unwrap_err().to_string();
        assert!(
            refused.contains("covers 1 uids") && refused.contains("PrivateUsers=no"),
            "{refused}"
        );
    }
}
