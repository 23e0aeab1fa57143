//! `request`: what is said of what was filed.

use crate::cli::team;
use crate::fake;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_told_where_keys_outlive_the_access() {
    let running = fake::start().await;
    for (length, is_said) in [("30m", true), ("2h", false)] {
        let args = [
            "request",
            "pay-prod",
            "AdministratorAccess",
            "--reason",
            "roll back by hand",
            "--for",
            length,
        ];
        let (code, out, err) = team(&running, &args).await;
        assert_eq!(code, 0, "{err}");
        let warning = "! 30m asked; keys may live 1h more: longer than the access itself";
        assert_eq!(err.contains(warning), is_said, "{err}");
        assert!(!out.contains("keys may live"), "talk is not data: {out}");
    }
}
