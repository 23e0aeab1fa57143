//! One fault each.

use super::*;

/// A wall clock that is set, and what must be so at once and two minutes later, with AWS and without.
#[test]
fn a_wall_clock_that_is_set() {
    for by in [-HOUR, HOUR, -10 * YEAR, 10 * YEAR] {
        for online in [true, false] {
            let mut machine = Machine::new();
            let before = machine.pass(60).now;
            machine.online = online;
            let after = machine.step(by);
            assert!(machine.is_suspect(), "{by}");
            assert_eq!(after.now, before, "{by}: the time does not jump");
            assert_eq!(after.due, before, "{by}: AWS is asked first");
            assert_eq!(machine.rule.mark(), None, "{by}: nothing doubtful is kept");

            let later = machine.pass(120);
            assert!(machine.is_suspect(), "{by}: it does not pass by itself");
            assert_eq!(seconds(before, later.now), 120, "{by}");
            let due = seconds(before, later.due);
            match (by > 0, online) {
                // It fell back: ends come when the boot clock says.
                (false, _) => assert_eq!(due, 120, "{by}"),
                // AWS says that it is not so late.
                (true, true) => assert_eq!(due, 120, "{by}"),
                // Nobody says so: too early is the safe side.
                (true, false) => assert_eq!(due, 120 + by, "{by}"),
            }
            // It is set right.
            machine.online = true;
            machine.step(-by);
            machine.pass(50);
            assert!(machine.is_suspect(), "{by}: not yet believed");
            let right = machine.pass(30);
            assert!(!machine.is_suspect(), "{by}");
            assert_eq!(right.now, right.due);
            assert_eq!(seconds(machine.truth(), right.now), 0, "{by}");
            assert_eq!((machine.suspected, machine.cleared), (1, 1), "{by}");
        }
    }
}

#[test]
fn small_steps_are_counted_and_believed() {
    let mut machine = Machine::new();
    machine.pass(10);
    let before = machine.look().now;
    assert_eq!(seconds(before, machine.step(10).now), 10, "ahead is followed");
    assert_eq!(seconds(before, machine.step(-10).now), 10, "back is not");
    assert_eq!(seconds(before, machine.pass(20).now), 30);
    assert!(!machine.is_suspect());
    assert_eq!(machine.rule.steps(), 2);
    machine.step(1);
    assert_eq!(machine.rule.steps(), 2, "a second is no step");
}

#[test]
fn small_steps_do_not_add_up_to_a_large_one() {
    for by in [-20, 20] {
        let mut machine = Machine::new();
        machine.online = false;
        machine.step(by);
        assert!(!machine.is_suspect());
        machine.pass(5);
        machine.step(by);
        assert!(machine.is_suspect(), "{by}");
    }
}

#[test]
fn a_wall_clock_that_runs_wrong_is_found() {
    for rate in [0.9, 1.1] {
        for online in [true, false] {
            let mut machine = Machine::new();
            machine.wall_rate = rate;
            machine.online = online;
            let before = machine.look().now;
            machine.pass(295);
            assert!(!machine.is_suspect(), "{rate}");
            let seen = machine.pass(30);
            assert!(machine.is_suspect(), "{rate}");
            assert!(seconds(before, seen.due) >= 325, "{rate}: nothing is late");
            assert!(seconds(before, seen.now) <= 325 + 33, "{rate}: and it stays near");
        }
    }
}

#[test]
fn a_machine_that_runs_wrong_is_found_by_aws() {
    for rate in [0.9, 1.1] {
        let mut machine = Machine::new();
        (machine.wall_rate, machine.boot_rate) = (rate, rate);
        machine.pass(350);
        assert!(machine.is_suspect(), "{rate}");
        let seen = machine.look();
        assert!(
            seconds(machine.truth(), seen.due) >= -6,
            "{rate}: ends go by AWS where it is ahead"
        );

        let mut alone = Machine::new();
        alone.online = false;
        (alone.wall_rate, alone.boot_rate) = (rate, rate);
        alone.pass(350);
        assert!(!alone.is_suspect(), "{rate}: nobody can know");
    }
}

#[test]
fn a_suspended_machine_wakes_up_at_the_right_time() {
    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    for clock in [&mut machine.wall, &mut machine.boot, &mut machine.aws] {
        *clock += 6 * HOUR * SECOND;
    }
    let woken = machine.look();
    assert_eq!(seconds(before, woken.now), 6 * HOUR);
    assert_eq!(woken.due, woken.now, "what came due meanwhile is due at once");
    machine.pass(60);
    assert_eq!((machine.suspected, machine.rule.steps()), (0, 0));
}

/// A virtual machine that is stopped from outside: its boot clock does not know.
#[test]
fn a_paused_machine_learns_the_time_from_aws() {
    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    machine.aws += HOUR * SECOND;
    assert_eq!(machine.look().now, before);
    let heard = machine.hear();
    assert!(machine.is_suspect());
    assert_eq!(heard.now, before);
    assert_eq!(
        seconds(before, heard.due),
        HOUR,
        "ends do not wait for the wall clock"
    );
    // NTP sets it right.
    machine.step(HOUR);
    assert_eq!(seconds(before, machine.hear().now), HOUR);
    machine.pass(70);
    assert!(!machine.is_suspect());
}

#[test]
fn a_leap_second_is_nothing() {
    for (clock, step) in [("2016-12-31T23:59:59Z", -1), ("2016-12-31T23:59:58Z", 1)] {
        let mut machine = Machine::at(clock);
        let before = machine.look().now;
        machine.pass(1);
        // The kernel says 23:59:59 twice, or not at all; AWS writes 23:59:60.
        machine.wall += step * SECOND;
        let seen = machine.look();
        assert!(seen.now > before);
        let leap = chrono::DateTime::parse_from_rfc2822("Sat, 31 Dec 2016 23:59:60 GMT").unwrap();
        let sent = TimeDelta::microseconds(machine.boot);
        machine.rule.hear(leap.to_utc(), sent, machine.reading());
        machine.pass(3);
        assert_eq!((machine.suspected, machine.rule.steps()), (0, 0));
    }
}

/// Where clocks on the wall go back or forth by an hour, those in UTC do not.
#[test]
fn summer_time_is_nothing() {
    for change in [
        "2026-03-29T00:59:30Z", // Berlin, forth
        "2026-10-25T00:59:30Z", // Berlin, back
        "2026-11-01T05:59:30Z", // New York, back
        "2026-04-04T15:59:30Z", // Melbourne, back
        "2026-04-04T14:59:30Z", // Lord Howe, back by half an hour
    ] {
        let mut machine = Machine::at(change);
        let before = machine.look().now;
        assert_eq!(seconds(before, machine.pass(60).now), 60, "{change}");
        assert_eq!((machine.suspected, machine.rule.steps()), (0, 0), "{change}");
    }
}

#[test]
fn the_century_goes_on() {
    for edge in [
        "2038-01-19T03:14:00Z",
        "2099-12-31T23:59:30Z",
        "2106-02-07T06:28:00Z",
    ] {
        let mut machine = Machine::at(edge);
        let before = machine.look().now;
        let seen = machine.pass(60);
        assert_eq!(seconds(before, seen.now), 60, "{edge}");
        assert!(!machine.is_suspect(), "{edge}");
        let mark = machine.rule.mark().unwrap();
        assert_eq!(mark.to_string().parse(), Ok(mark), "{edge}");
    }
}

#[test]
fn clocks_at_the_ends_of_time_do_no_harm() {
    for wall in [Time::MIN_UTC, Time::MAX_UTC] {
        for boot in [TimeDelta::MIN, TimeDelta::zero(), TimeDelta::MAX] {
            let reading = Reading { wall, boot };
            let mut rule = ClockRule::start(reading, None, None, None);
            rule.observe(Machine::new().reading());
            rule.hear(Time::MAX_UTC, TimeDelta::MIN, reading);
            rule.hear(Time::MIN_UTC, TimeDelta::MAX, reading);
            let _ = (rule.mark(), rule.signing_time(), rule.accept(reading));
        }
    }
}

#[test]
fn a_restart_with_the_wall_clock_behind_the_mark() {
    for (boot_id, expected) in [("boot-1", 600), ("boot-2", 0)] {
        let mut machine = Machine::new();
        let before = machine.pass(60).now;
        machine.boot += 600 * SECOND;
        machine.aws += 600 * SECOND;
        machine.wall -= HOUR * SECOND;
        let seen = machine.restart(boot_id, None);
        assert!(machine.is_suspect());
        // Within one run of the machine the boot clock knows how long it was.
        assert_eq!(seconds(before, seen.now), expected, "{boot_id}");
    }
}

#[test]
fn a_restart_with_the_wall_clock_far_ahead() {
    // An hour: within one run of the machine that is a jump, over a restart it may have been off.
    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    machine.wall += HOUR * SECOND;
    assert_eq!(machine.restart("boot-1", None).now, before);
    assert!(machine.is_suspect());

    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    machine.wall += HOUR * SECOND;
    machine.aws += HOUR * SECOND;
    machine.boot = 0;
    let seen = machine.restart("boot-2", None);
    assert_eq!((seconds(before, seen.now), seen.due), (HOUR, seen.now));
    assert!(!machine.is_suspect());

    // Ten years: AWS must say so.
    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    machine.wall += 10 * YEAR * SECOND;
    machine.boot = 0;
    assert_eq!(machine.restart("boot-2", None).now, before);
    let seen = machine.pass(120);
    assert!(machine.is_suspect() && seconds(before, seen.due) == 120);

    // A month in a cupboard: it does.
    let mut machine = Machine::new();
    let before = machine.pass(60).now;
    machine.wall += 30 * 24 * HOUR * SECOND;
    machine.aws += 30 * 24 * HOUR * SECOND;
    machine.boot = 0;
    machine.restart("boot-2", None);
    assert!(machine.is_suspect());
    let seen = machine.pass(70);
    assert!(!machine.is_suspect());
    assert_eq!(seconds(before, seen.now), 30 * 24 * HOUR + 70);
}

#[test]
fn the_trail_may_know_more_than_the_mark() {
    let mut machine = Machine::new();
    let mark = machine.rule.mark();
    let before = machine.pass(50).now;
    machine.wall -= 40 * SECOND;
    machine.boot = 0;
    let seen = machine.restart_with(mark.as_ref(), "boot-2", Some(before));
    assert_eq!(seen.now, before);
    assert!(machine.is_suspect());
    // Without either there is only the wall clock.
    let seen = machine.restart_with(None, "boot-2", None);
    assert_eq!(seen.now, machine.reading().wall);
}

#[test]
fn aws_skewed_alone() {
    for skew in [-HOUR, -40, 40, HOUR] {
        let mut machine = Machine::new();
        let before = machine.pass(10).now;
        machine.skew = skew;
        let seen = machine.hear();
        assert!(machine.is_suspect(), "{skew}");
        assert_eq!(seen.now, before, "{skew}: two of three");
        assert_eq!(
            seconds(before, seen.due),
            skew.max(0),
            "{skew}: ends go by the later"
        );
        machine.skew = 0;
        machine.pass(75);
        assert!(!machine.is_suspect(), "{skew}");
        assert_eq!((machine.suspected, machine.cleared), (1, 1));
    }
    for skew in [-20, 20] {
        let mut machine = Machine::new();
        machine.skew = skew;
        machine.pass(100);
        assert!(!machine.is_suspect(), "{skew}");
    }
}

#[test]
fn answers_that_say_too_little_are_not_heard() {
    let mut machine = Machine::new();
    machine.pass(30);
    let wrong = DateTime::from_timestamp_micros(machine.aws + HOUR * SECOND).unwrap();
    let sent = TimeDelta::microseconds(machine.boot - 11 * SECOND);
    machine.rule.hear(wrong, sent, machine.reading());
    assert!(!machine.is_suspect(), "eleven seconds on the way");
    // Asked before the step, answered after it.
    let sent = TimeDelta::microseconds(machine.boot);
    machine.pass(1);
    machine.step(HOUR);
    machine.rule.hear(wrong, sent, machine.reading());
    assert!(machine.rule.wants_aws());
    assert_eq!(machine.look().due, machine.look().now);
}

#[test]
fn without_aws_only_root_can_say() {
    let mut machine = Machine::new();
    machine.online = false;
    machine.step(HOUR);
    machine.pass(10);
    machine.step(-HOUR);
    machine.pass(3600);
    assert!(machine.is_suspect(), "AWS is the witness");
    let was = machine.rule.accept(machine.reading());
    assert!(!machine.is_suspect());
    let seen = machine.look();
    assert_eq!((seen.now, seen.due), (was, was));
    assert!(machine.rule.mark().is_some());
}

#[test]
fn root_can_set_the_time_back() {
    let mut machine = Machine::new();
    let right = machine.pass(10).now;
    // It was an hour ahead, and nobody knew.
    machine.wall += HOUR * SECOND;
    machine.rule.accept(machine.reading());
    machine.online = false;
    machine.step(-HOUR);
    assert!(machine.is_suspect());
    machine.online = true;
    machine.pass(120);
    let suspicion = machine.rule.suspicion().unwrap();
    assert!(suspicion.aws_agrees_with_wall);
    insta::assert_snapshot!(suspicion, @"the clock is suspect: the wall clock (2026-11-22T12:02:10Z) is 1h behind the time kept (2026-11-22T13:02:10Z); AWS agrees with the wall clock: as root, `teamd clock accept`");
    machine.rule.accept(machine.reading());
    assert_eq!(seconds(right, machine.look().now), 120);
    machine.pass(120);
    assert!(!machine.is_suspect());
}

#[test]
fn requests_are_signed_with_the_time_of_aws() {
    let mut machine = Machine::new();
    machine.online = false;
    machine.step(10 * YEAR);
    assert_eq!(machine.rule.signing_time(), machine.reading().wall, "never heard");
    let late = machine.rule.signing_time();
    machine.hear();
    assert!(seconds(machine.rule.signing_time(), late) > YEAR);
    assert_eq!(seconds(machine.truth(), machine.rule.signing_time()), 0);
}
