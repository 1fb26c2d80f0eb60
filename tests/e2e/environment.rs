//! The environment explains, the outputs judge: a lock written elsewhere is proved here, with a notice.

use streamflow::host::Environment;
use streamflow::lockfile::{parse_lock, render_lock};

use crate::common::{Output, World};

const LOCK: &str = "lockfiles/small.lock";

/// The small project with a lock whose recorded facts were changed, committed; and an empty store.
fn locked_elsewhere(change: impl FnOnce(&mut Environment)) -> World {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let mut lock = parse_lock(LOCK, &world.read(LOCK)).unwrap();
    change(&mut lock.environment);
    world.write(LOCK, &render_lock(&lock));
    world.commit("Locked elsewhere");
    world.forget();
    world
}

/// Rewrites a fact.
type Change = fn(&mut Environment);

/// What it says, wherever the lines are broken.
fn on_one_line(output: &Output) -> String {
    output
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Each fact alone: taken apart in full, so that a fact that is added is tried too.
#[test]
fn a_lock_of_another_environment_reproduces_with_a_notice() {
    let facts: [(&str, Change); 6] = [
        ("streamflow", |e| e.streamflow = "0.0.9".into()),
        ("dependencies", |e| e.dependencies = "0".repeat(64)),
        ("rustc", |e| e.rustc = "1.80.0".into()),
        ("target", |e| e.target = "aarch64-unknown-linux-gnu".into()),
        ("c_library", |e| e.c_library = "glibc 2.17".into()),
        ("cpu", |e| e.cpu = "aarch64".into()),
    ];
    let Environment {
        streamflow: _,
        dependencies: _,
        rustc: _,
        target: _,
        c_library: _,
        cpu: _,
    } = Environment::here();
    for (name, change) in facts {
        let world = locked_elsewhere(change);
        let before = world.read(LOCK);
        let output = world.run(&["run", "--locked"]).assert_code(0);
        let notice = format!("small was locked in another environment: {name} ");
        assert!(on_one_line(&output).contains(&notice), "{}", output.stdout);
        assert!(output.stdout.contains("1 run proved"), "{}", output.stdout);
        // Nor does a plain run write the lock for that.
        world.run(&["run"]).assert_code(0);
        assert_eq!(world.read(LOCK), before);
        world.forget();
        let replayed = world.run(&["replay", "small@locked"]).assert_code(0);
        let flat = replayed
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(flat.contains(&notice), "{}", replayed.stdout);
    }
}

#[test]
fn what_is_said_of_another_environment() {
    let world = locked_elsewhere(|environment| {
        environment.c_library = "glibc 2.17".into();
        environment.rustc = "1.80.0".into();
    });
    let document = world.run(&["run", "--locked", "small", "--format", "json"]);
    let document = document.assert_code(0).json();
    assert_eq!(document["status"], "executed");
    let notice = document["notices"][0].as_str().unwrap();
    assert!(notice.contains("c_library glibc 2.17 there, "), "{notice}");
    assert!(notice.contains("rustc 1.80.0 there, "), "{notice}");
    let replayed = world.run(&["replay", "small@locked", "--format", "json"]);
    let replayed = replayed.assert_code(0).json();
    assert_eq!(replayed["verdict"], "identical");
    assert_eq!(replayed["notices"][0], notice);
}

/// Facts that were changed by hand no longer have the hash that stands under them; they explain, and
/// nothing rests on them.
#[test]
fn facts_edited_by_hand_reproduce_with_a_notice() {
    for (fact, line) in [
        ("c_library", "c_library = \"glibc 2.17\""),
        ("cpu", "cpu = \"x86_64\""),
        ("hash", ""),
    ] {
        let world = locked_elsewhere(|_| {});
        let lock = world.read(LOCK);
        let section = lock.find("[environment]").unwrap();
        let at = section + lock[section..].find(&format!("{fact} = ")).unwrap();
        let old = lock[at..].lines().next().unwrap();
        let new = match fact {
            "hash" => format!("hash = \"{}\"", "0".repeat(64)),
            _ => line.to_string(),
        };
        world.edit(LOCK, old, &new);
        let output = world.run(&["run", "--locked"]).assert_code(0);
        let told = on_one_line(&output).contains("another environment");
        assert_eq!(told, fact != "hash", "{}", output.stdout);
    }
}
