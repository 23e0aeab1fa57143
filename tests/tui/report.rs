//! `report`: requests, counted.

use crate::cli::{json, team};
use crate::fake;

#[tokio::test]
async fn a_report_is_a_table_json_and_a_safe_csv() {
    let running = fake::start().await;
    let (code, out, talk) = team(&running, &["report"]).await;
    assert_eq!(code, 0);
    assert!(
        out.contains("NAME") && out.contains("bob") && !out.contains('\u{1b}'),
        "{out}"
    );
    assert!(talk.contains("12 requests filed between"), "{talk}");
    let (_, out, _) = team(&running, &["report", "--by", "account", "--since", "7d", "--csv"]).await;
    assert!(
        out.starts_with("name,requests,granted") && out.contains("pay-prod,12,11"),
        "{out}"
    );
    let (_, out, _) = team(&running, &["report", "--csv"]).await;
    assert!(out.contains("\n'=SUM("), "{out}");
    let (_, out, _) = team(&running, &["report", "--json"]).await;
    assert_eq!(json(&out)["total"]["requests"], 12);
    assert_eq!(team(&running, &["report", "--by", "colour"]).await.0, 2);
}
