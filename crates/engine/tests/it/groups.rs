//! Concurrency groups.

use std::fmt::Write as _;

use engine::Groups;
use insta::assert_snapshot;
use proptest::prelude::*;

/// Plays lines `+WHO GROUP [cancel] [max]` and `-WHO`, and tells what each changed.
fn play(text: &str) -> String {
    let mut groups: Groups<char> = Groups::default();
    let mut told = String::new();
    for line in text.split(", ") {
        let mut words = line.split(' ');
        let who = words.next().unwrap();
        let holder = who.chars().nth(1).unwrap();
        if who.starts_with('-') {
            writeln!(told, "{line}: in {:?}", groups.leave(holder)).unwrap();
            continue;
        }
        let group = words.next().unwrap();
        let rest: Vec<&str> = words.collect();
        let verdict = groups.enter(group, holder, rest.contains(&"cancel"), rest.contains(&"max"));
        writeln!(told, "{line}: in {:?} out {:?}", verdict.entered, verdict.evicted).unwrap();
    }
    told
}

#[test]
fn one_at_a_time() {
    assert_snapshot!(play("+a G, +b g, +c g, -a, -b, -c, +d g"), @"
    +a G: in Some('a') out []
    +b g: in None out []
    +c g: in None out ['b']
    -a: in ['c']
    -b: in []
    -c: in []
    +d g: in Some('d') out []
    ");
}

#[test]
fn all_pending_ones_are_kept() {
    assert_snapshot!(play("+a g max, +b g max, +c g max, -b, +d g max, -a, -c"), @"
    +a g max: in Some('a') out []
    +b g max: in None out []
    +c g max: in None out []
    -b: in []
    +d g max: in None out []
    -a: in ['c']
    -c: in ['d']
    ");
}

#[test]
fn cancelling_pushes_out_who_runs_and_who_waits() {
    assert_snapshot!(play("+a g, +b g, +c g cancel, +d g max, -b, -a, -c"), @"
    +a g: in Some('a') out []
    +b g: in None out []
    +c g cancel: in None out ['b', 'a']
    +d g max: in None out []
    -b: in []
    -a: in ['c']
    -c: in ['d']
    ");
}

#[test]
fn groups_do_not_know_each_other() {
    assert_snapshot!(play("+a ä, +b Ä, +c b cancel, -a"), @"
    +a ä: in Some('a') out []
    +b Ä: in None out []
    +c b cancel: in Some('c') out []
    -a: in ['b']
    ");
}

proptest! {
    /// However it goes, a group has one holder, and whoever asked either gets in or is told that it does not.
    #[test]
    fn nobody_is_forgotten(moves in proptest::collection::vec((0u8..3, any::<bool>(), any::<bool>(), any::<bool>()), 1..60)) {
        let mut groups: Groups<u32> = Groups::default();
        let mut inside: std::collections::HashMap<u8, u32> = Default::default();
        let mut waiting: Vec<(u8, u32)> = Vec::new();
        let mut next = 0;
        for (group, cancel, max, leave) in moves {
            if leave && let Some(holder) = inside.remove(&group) {
                let entered = groups.leave(holder);
                prop_assert!(entered.len() <= 1);
                for holder in entered {
                    let at = waiting.iter().position(|(_, one)| *one == holder);
                    let (group, holder) = waiting.remove(at.expect("only who waits enters"));
                    prop_assert!(inside.insert(group, holder).is_none());
                }
                continue;
            }
            next += 1;
            let verdict = groups.enter(&format!("g{group}"), next, cancel, max);
            match verdict.entered {
                Some(holder) => prop_assert!(holder == next && inside.insert(group, holder).is_none()),
                None => waiting.push((group, next)),
            }
            for out in verdict.evicted {
                waiting.retain(|(_, one)| *one != out);
                prop_assert!(groups.leave(out).is_empty() || inside.values().any(|one| *one == out));
                if inside.get(&group) == Some(&out) {
                    // It left above, and the one that pushed it out came in.
                    inside.insert(group, next);
                    waiting.retain(|(_, one)| *one != next);
                }
            }
        }
        let held: Vec<u8> = inside.keys().copied().collect();
        for group in held {
            let mut holder = inside.remove(&group);
            while let Some(one) = holder {
                holder = groups.leave(one).first().copied();
                waiting.retain(|(_, waits)| Some(*waits) != holder);
            }
        }
        prop_assert!(waiting.is_empty(), "{waiting:?}");
    }
}
