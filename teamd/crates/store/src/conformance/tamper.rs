//! What only a file can suffer: tampering, a second daemon, a newer schema, damage.

use super::Bench;
use super::Place;
use super::builders::{at, event, id, request};
use crate::port::{ChainCheck, ChainProgress, ChainStep, StoreError};
use crate::{Store, verify_file};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use teamd_domain::request::State;

/// A closed database with five audit rows, each with a free text, after `sql` has been run on it without triggers.
fn tampered(sql: &str) -> (Bench, PathBuf) {
    let bench = Bench::disk();
    for number in 1..=5_u64 {
        bench
            .write(move |tx| tx.append(at(number.cast_signed()), &event(number)))
            .unwrap();
    }
    bench
        .write(|tx| tx.insert_request(&request(1, State::Pending)))
        .unwrap();
    bench.store.close();
    let Place::Disk(folder) = &bench.place else {
        panic!("not on disk");
    };
    let path = folder.path().join("teamd.db");
    let conn = Connection::open(&path).unwrap();
    let triggers = [
        "audit_insert",
        "audit_update",
        "audit_delete",
        "audit_text_update",
        "requests_version",
        "requests_content",
    ];
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        .unwrap();
    conn.execute_batch(sql).unwrap();
    drop(conn);
    (bench, path)
}

/// The check, spread over several reads.
fn in_steps(bench: &mut Bench, limit: usize) -> ChainCheck {
    let mut so_far = ChainProgress::default();
    loop {
        match bench.read(move |read| read.verify_rows(so_far, limit)) {
            ChainStep::More(further) => so_far = further,
            ChainStep::Done(check) => return check,
        }
    }
}

fn fault(sql: &str) -> String {
    let check = check(sql);
    check.fault.unwrap_or_else(|| panic!("not detected: {sql}"))
}

/// The offline check and the daemon's own say the same.
fn check(sql: &str) -> ChainCheck {
    let (mut bench, path) = tampered(sql);
    let offline = verify_file(&path).unwrap();
    bench.reopen();
    assert_eq!(bench.read(|read| read.verify_chain()), offline);
    assert_eq!(in_steps(&mut bench, 1), offline);
    assert_eq!(in_steps(&mut bench, 2), offline);
    offline
}

#[test]
fn an_untouched_trail_passes() {
    let check = check("");
    assert_eq!((check.rows, check.erased_texts, check.fault), (5, 0, None));
}

#[test]
fn an_edited_body_is_detected() {
    let sql =
        "UPDATE audit SET body = CAST(replace(CAST(body AS TEXT), 'ops', 'oops') AS BLOB) WHERE seq = 3";
    assert!(fault(sql).starts_with("row 3 was changed"));
}

#[test]
fn an_edited_time_is_detected() {
    assert!(fault("UPDATE audit SET ts_ms = ts_ms - 1 WHERE seq = 2").starts_with("row 2 was changed"));
}

#[test]
fn an_edited_epoch_is_detected() {
    assert!(fault("UPDATE audit SET epoch = 9 WHERE seq = 2").starts_with("row 2 was changed"));
    assert!(fault("UPDATE audit SET epoch = -9 WHERE seq = 2").contains("epoch -9"));
}

#[test]
fn an_edited_hash_is_detected() {
    assert!(fault("UPDATE audit SET hash = randomblob(32) WHERE seq = 5").starts_with("row 5 was changed"));
    assert!(
        fault("UPDATE audit SET prev = randomblob(32) WHERE seq = 4").starts_with("row 4 does not follow")
    );
}

#[test]
fn a_deleted_middle_row_is_detected() {
    let text = fault("DELETE FROM audit WHERE seq = 3; DELETE FROM audit_text WHERE seq = 3");
    assert!(text.starts_with("row 3 is missing"), "{text}");
    let text = fault("DELETE FROM audit WHERE seq = 3");
    assert!(text.contains("row 3, but no such row"), "{text}");
    let text = fault("DELETE FROM audit WHERE seq = 1; DELETE FROM audit_text WHERE seq = 1");
    assert!(text.starts_with("row 1 is missing"), "{text}");
}

#[test]
fn a_closed_gap_is_detected() {
    let text = fault(
        "DELETE FROM audit WHERE seq = 3; DELETE FROM audit_text WHERE seq = 3;
         UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit_text SET seq = 3 WHERE seq = 4;
         UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit_text SET seq = 4 WHERE seq = 5",
    );
    assert!(text.starts_with("row 3 does not follow"), "{text}");
}

#[test]
fn swapped_rows_are_detected() {
    let sql = "UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
               UPDATE audit SET seq = 3 WHERE seq = -1";
    assert!(fault(sql).starts_with("row 2 does not follow"));
    let sql = "UPDATE audit AS a SET body = (SELECT body FROM audit AS b WHERE b.seq = 5 - a.seq)
               WHERE seq IN (2, 3)";
    assert!(fault(sql).starts_with("row 2 was changed"));
}

#[test]
fn an_inserted_row_is_detected() {
    let values = "ts_ms, epoch, body, hash, randomblob(32) FROM audit WHERE seq = 5";
    let text = fault(&format!(
        "INSERT INTO audit(seq, ts_ms, epoch, body, prev, hash) SELECT 6, {values}"
    ));
    assert!(text.starts_with("row 6 was changed"), "{text}");
    let text = fault(&format!(
        "INSERT INTO audit(seq, ts_ms, epoch, body, prev, hash) SELECT 0, {values}"
    ));
    assert!(text.starts_with("row 1 is missing: row 0"), "{text}");
}

#[test]
fn an_edited_text_is_detected() {
    let text = fault("UPDATE audit_text SET text = 'lunch' WHERE seq = 4");
    assert_eq!(text, "text \"justification\" of row 4 was changed");
    assert!(fault("UPDATE audit_text SET salt = x'00' WHERE seq = 4").contains("row 4 was changed"));
}

#[test]
fn an_added_text_is_detected() {
    let text = fault("INSERT INTO audit_text(seq, field, salt, text) VALUES (2, 'rule', x'00', 'x')");
    assert!(text.contains("row 2 has no text \"rule\""), "{text}");
    assert!(
        fault("INSERT INTO audit_text(seq, field, salt, text) VALUES (9, 'x', x'00', 'x')")
            .contains("no such row")
    );
}

#[test]
fn an_erased_text_passes_and_is_counted() {
    let check = check("DELETE FROM audit_text WHERE seq IN (2, 4)");
    assert_eq!((check.rows, check.erased_texts, check.fault), (5, 2, None));
}

#[test]
fn a_cut_tail_is_detected_and_nothing_is_chained_to_it() {
    let sql = "DELETE FROM audit WHERE seq >= 4; DELETE FROM audit_text WHERE seq >= 4;
               DELETE FROM audit_request WHERE seq >= 4";
    assert_eq!(fault(sql), "rows 4 to 5 are missing at the end");
    let (mut bench, path) = tampered(sql);
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER audit_insert BEFORE INSERT ON audit
             WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
             BEGIN SELECT RAISE(ABORT, 'an audit row must follow the one before'); END",
        )
        .unwrap();
    bench.reopen();
    let answer = bench.write(|tx| tx.append(at(9), &event(9)));
    assert!(matches!(answer, Err(StoreError::AuditBroken(_))));
}

#[test]
fn a_cut_tail_with_a_changed_record_of_the_end_is_detected() {
    let delete = "DELETE FROM audit WHERE seq = 5; DELETE FROM audit_text WHERE seq = 5;";
    let text = fault(&format!("{delete} DELETE FROM meta WHERE name = 'audit.head'"));
    assert_eq!(text, "no end of the trail is recorded");
    let text = fault(&format!(
        "{delete} UPDATE meta SET value = replace(value, '5 ', '4 ') WHERE name = 'audit.head'"
    ));
    assert_eq!(text, "row 4 is not the one that was recorded as last");
}

#[test]
fn what_is_written_once_cannot_be_changed_while_the_triggers_stand() {
    let bench = Bench::disk();
    bench.write(|tx| tx.append(at(1), &event(1))).unwrap();
    let mut voted = request(1, State::Pending);
    voted.votes = vec![super::builders::vote("bert", 1)];
    bench.write(move |tx| tx.insert_request(&voted)).unwrap();
    bench
        .write(|tx| tx.append_policy("p", &"ab".repeat(32), "anna", at(1)))
        .unwrap();
    bench.store.close();
    let Place::Disk(folder) = &bench.place else { return };
    let conn = Connection::open(folder.path().join("teamd.db")).unwrap();
    for sql in [
        "UPDATE requests SET user_id = 'zoe', version = 2",
        "UPDATE requests SET state = 'denied', version = 2",
        "UPDATE requests SET comment = 'x'",
        "UPDATE votes SET comment = 'x'",
        "DELETE FROM votes",
        "INSERT INTO votes SELECT request_id, 2, 'anna', at, digest, comment FROM votes",
        "UPDATE policy SET document = ''",
        "DELETE FROM policy",
        "UPDATE audit SET ts_ms = 0",
        "DELETE FROM audit",
        "UPDATE audit_text SET text = ''",
        "INSERT INTO audit SELECT 7, ts_ms, epoch, body, hash, randomblob(32) FROM audit",
        "INSERT INTO audit SELECT 2, ts_ms, epoch, body, randomblob(32), randomblob(32) FROM audit",
    ] {
        assert!(conn.execute_batch(sql).is_err(), "{sql}");
    }
    conn.execute_batch("DELETE FROM audit_text").unwrap();
}

#[test]
fn an_impossible_row_is_named_and_the_database_not_used() {
    for sql in [
        "UPDATE requests SET state = 'denied'",
        "UPDATE requests SET due_at = 1",
        "UPDATE requests SET basis = '{}'",
        "UPDATE requests SET account_id = '1'",
        "UPDATE requests SET counting = '[1]'",
        "UPDATE requests SET created_at = 9223372036854775807",
    ] {
        let (_bench, path) = tampered(sql);
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(&path).err().unwrap();
        let named = format!("impossible row in requests: {}", id(1));
        assert!(
            matches!(&error, StoreError::Damaged(why) if why.contains(&named)),
            "{sql}: {error}"
        );
        assert!(std::fs::read(&path).unwrap() == before, "it was written to");
    }
}

#[test]
fn a_second_daemon_is_refused_at_once() {
    let bench = Bench::disk();
    let Place::Disk(folder) = &bench.place else { return };
    let error = Store::open(&folder.path().join("teamd.db"))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("in use by another teamd") && error.contains(&std::process::id().to_string()),
        "{error}"
    );
    let check = verify_file(&folder.path().join("teamd.db")).unwrap();
    assert_eq!(check.fault, None);
}

#[test]
fn files_are_for_their_owner_alone() {
    let bench = Bench::disk();
    bench.write(|tx| tx.append(at(1), &event(1))).unwrap();
    let Place::Disk(folder) = &bench.place else { return };
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        files += 1;
    }
    assert_eq!(files, 4);
}

#[test]
fn a_newer_schema_another_program_and_damage_are_refused() {
    for (sql, words) in [
        ("PRAGMA user_version = 99", "newer than this daemon"),
        ("PRAGMA application_id = 1", "does not say that it is ours"),
    ] {
        let (bench, path) = tampered(sql);
        let error = Store::open(&path).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
        assert!(verify_file(&path).unwrap_err().to_string().contains(words));
        drop(bench);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("teamd.db");
    std::fs::write(&path, "x".repeat(8192)).unwrap();
    assert!(matches!(Store::open(&path).err(), Some(StoreError::Damaged(_))));
    assert!(Store::open(&folder.path().join("no/such/folder.db")).is_err());
    assert!(verify_file(&folder.path().join("none.db")).is_err());
}

#[test]
fn a_schema_that_is_not_ours_is_damage() {
    for sql in [
        "DROP TABLE grants",
        "CREATE TABLE other(x); ALTER TABLE votes ADD COLUMN x TEXT",
        "PRAGMA user_version = 1",
    ] {
        let (_bench, path) = tampered(sql);
        let error = Store::open(&path).err().unwrap();
        assert!(matches!(error, StoreError::Damaged(_)), "{sql}: {error}");
    }
    let (mut bench, _) = tampered("CREATE TABLE of_a_replicator(x)");
    bench.reopen();
}
