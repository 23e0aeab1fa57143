//! Any faults, in any order.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Fault {
    Pass(i64),
    Suspend(i64),
    /// The boot clock does not see it; AWS does.
    Pause(i64),
    Step(i64),
    Skew(i64),
    Hear,
    /// AWS answers after so many seconds.
    HearLate(i64),
    Restart,
    Reboot(i64),
}

fn fault() -> impl Strategy<Value = Fault> {
    let jump = prop_oneof![
        -60_i64..60,
        -100_000_i64..100_000,
        Just(10 * YEAR),
        Just(-10 * YEAR)
    ];
    prop_oneof![
        4 => (0_i64..200).prop_map(Fault::Pass),
        1 => (0_i64..100_000).prop_map(Fault::Suspend),
        1 => (0_i64..100_000).prop_map(Fault::Pause),
        2 => jump.clone().prop_map(Fault::Step),
        1 => jump.prop_map(Fault::Skew),
        2 => Just(Fault::Hear),
        1 => (0_i64..20).prop_map(Fault::HearLate),
        1 => Just(Fault::Restart),
        1 => (0_i64..100_000).prop_map(Fault::Reboot),
    ]
}

fn suffer(machine: &mut Machine, fault: &Fault, newest: Time) -> Seen {
    match fault {
        Fault::Pass(seconds) => machine.pass(*seconds),
        Fault::Suspend(seconds) => {
            for clock in [&mut machine.wall, &mut machine.boot, &mut machine.aws] {
                *clock += seconds * SECOND;
            }
            machine.look()
        }
        Fault::Pause(seconds) => {
            machine.aws += seconds * SECOND;
            machine.look()
        }
        Fault::Step(by) => machine.step(*by),
        Fault::Skew(by) => {
            machine.skew = by % 100_000;
            machine.look()
        }
        Fault::Hear => machine.hear(),
        Fault::HearLate(seconds) => {
            let sent = TimeDelta::microseconds(machine.boot);
            machine.online = false;
            machine.pass(*seconds);
            machine.online = true;
            let date = machine.truth();
            machine.rule.hear(date, sent, machine.reading());
            machine.look()
        }
        Fault::Restart => machine.restart("boot-1", Some(newest)),
        Fault::Reboot(seconds) => {
            machine.wall += seconds * SECOND;
            machine.aws += seconds * SECOND;
            machine.boot = 30 * SECOND;
            machine.restart("boot-2", Some(newest))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_time_never_runs_back(faults in prop::collection::vec(fault(), 1..40)) {
        let mut machine = Machine::new();
        let mut before = machine.look();
        let mut boot = machine.boot;
        for fault in &faults {
            let seen = suffer(&mut machine, fault, before.now);
            prop_assert!(seen.now >= before.now, "{:?}: {:?} after {:?}", fault, seen, before);
            prop_assert!(seen.due >= seen.now, "{:?}: {:?}", fault, seen);
            // An end that the boot clock has reached is due, whatever the wall clock says.
            if !matches!(fault, Fault::Reboot(_) | Fault::Restart) {
                let passed = machine.boot - boot;
                prop_assert!((seen.now - before.now).num_milliseconds() >= passed / 1000 - 1, "{:?}", fault);
            }
            (before, boot) = (seen, machine.boot);
        }
    }

    #[test]
    fn clocks_that_disagree_are_always_suspect(faults in prop::collection::vec(fault(), 1..40)) {
        let mut machine = Machine::new();
        for fault in &faults {
            let newest = machine.look().now;
            let seen = suffer(&mut machine, fault, newest);
            let wall = machine.reading().wall;
            if (wall - seen.now).abs() > LIMIT + TimeDelta::milliseconds(1) {
                prop_assert!(machine.is_suspect(), "{:?}: {} is kept, {} on the wall", fault, seen.now, wall);
            }
            let skewed = machine.truth() + TimeDelta::seconds(machine.skew);
            if matches!(fault, Fault::Hear) && (wall - skewed).abs() > LIMIT + TimeDelta::seconds(1) {
                prop_assert!(machine.is_suspect(), "AWS says {skewed}, the wall {wall}");
            }
            if machine.is_suspect() {
                prop_assert!(machine.rule.mark().is_none());
            } else {
                prop_assert_eq!(seen.due, seen.now);
            }
        }
    }

    /// While AWS answers, a wall clock that runs ahead ends nothing that AWS does not call due.
    #[test]
    fn access_is_not_cut_short_while_aws_answers(steps in prop::collection::vec((1_i64..100, 31_i64..1_000_000_000), 1..10)) {
        let mut machine = Machine::new();
        machine.pass(20);
        for (seconds, by) in steps {
            machine.step(by);
            let seen = machine.pass(seconds);
            prop_assert!(seen.due <= machine.truth() + TimeDelta::seconds(1), "{:?}", seen);
            prop_assert!(machine.is_suspect());
        }
    }
}
