use std::panic::panic_any;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::time::Instant;

use super::*;
use crate::simd::disjoint::Disjoint;

/// How many times a test repeats something; fewer under Miri.
const fn times(count: usize) -> usize {
    if cfg!(miri) { count.div_ceil(500) } else { count }
}

/// Runs `parts` parts; fails unless each runs once, on a thread that runs nothing else at that time.
fn check(team: &mut Team, parts: usize) {
    let done: Vec<_> = (0..parts).map(|_| AtomicU32::new(0)).collect();
    let at_work: Vec<_> = (0..team.threads()).map(|_| AtomicBool::new(false)).collect();
    team.run(parts, |part, thread| {
        assert!(!at_work[thread].swap(true, Ordering::SeqCst), "thread {thread} is there twice");
        done[part].fetch_add(1, Ordering::SeqCst);
        at_work[thread].store(false, Ordering::SeqCst);
    });
    assert!(done.iter().all(|done| done.load(Ordering::SeqCst) == 1), "{done:?}");
}

/// Runs `tasks` tasks, in each of which every part reads what another part wrote in the task before; fails
/// if a part reads anything else.
fn relay(team: &mut Team, parts: usize, tasks: usize) {
    let (mut from, mut to) = (vec![0; parts], vec![0; parts]);
    for _ in 0..tasks {
        let places = Disjoint::new(&mut to);
        team.run(parts, |part, _| {
            // SAFETY: every part runs once.
            unsafe { places.part(part..part + 1)[0] = from[(part + 1) % parts] + 1 };
        });
        std::mem::swap(&mut from, &mut to);
    }
    assert!(from.iter().all(|&count| count == tasks), "{from:?}");
}

/// Waits until all workers sleep.
fn let_sleep(team: &Team) {
    let workers = &team.shared.states[1..team.threads()];
    while !workers.iter().all(|state| state.asleep.load(Ordering::SeqCst)) {
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// The message of the panic in `run`, which must panic.
fn message(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
    *panic.downcast::<String>().expect("a message with a number in it")
}

#[test]
fn every_part_is_done_once_by_any_number_of_threads() {
    for threads in 0..6 {
        let mut team = Team::new(threads);
        assert_eq!(team.threads(), threads.max(1));
        for parts in [0, 1, 2, 3, 4, 5, 6, 7, 63, 64, times(1000)] {
            check(&mut team, parts);
        }
    }
}

#[test]
fn each_task_reads_what_the_one_before_has_written() {
    for (threads, parts, tasks) in [(2, 2, 300_000), (2, 5, 100_000), (3, 3, 3000), (5, 12, 1000)] {
        relay(&mut Team::new(threads), parts, times(tasks));
    }
}

#[test]
fn sleepers_are_woken() {
    let mut team = Team::new(3);
    for parts in (0..times(100)).map(|i| 1 + i % 5) {
        let_sleep(&team);
        check(&mut team, parts);
    }
}

#[test]
fn pauses_about_as_long_as_the_spin_time_lose_no_task() {
    let mut team = Team::new(2);
    for i in 0..times(1000) {
        let pause = SPIN_TIME.mul_f64(0.5 + i as f64 / times(1000) as f64);
        let start = Instant::now();
        while start.elapsed() < pause {
            std::hint::spin_loop();
        }
        relay(&mut team, 2, 1);
    }
}

#[test]
fn a_panic_reaches_the_caller_after_all_other_parts_are_done() {
    for threads in 1..4 {
        let mut team = Team::new(threads);
        for bad in 0..8 {
            let done = AtomicU32::new(0);
            let message = message(|| {
                team.run(8, |part, _| {
                    assert!(part != bad, "part {part}");
                    done.fetch_add(1, Ordering::SeqCst);
                });
            });
            assert_eq!(message, format!("part {bad}"));
            // On a single thread, the remaining parts are skipped.
            let expected = if threads == 1 { bad } else { 7 };
            assert_eq!(done.into_inner() as usize, expected, "{threads} threads");
            check(&mut team, 10);
        }
    }
}

#[test]
fn a_panic_on_every_thread_gives_the_caller_one() {
    let mut team = Team::new(3);
    for _ in 0..times(100) {
        let message = message(|| team.run(3, |part, _| panic!("part {part}")));
        assert!(["part 0", "part 1", "part 2"].contains(&message.as_str()), "{message}");
        check(&mut team, 7);
    }
}

#[test]
fn panics_that_panic_when_they_are_dropped_do_no_harm() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let mut team = Team::new(2);
    // Both parts start before either ends, so that both threads panic.
    let begun = AtomicUsize::new(0);
    let run = || {
        team.run(2, |_, _| {
            begun.fetch_add(1, Ordering::SeqCst);
            while begun.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            panic_any(Bomb);
        });
    };
    std::mem::forget(catch_unwind(AssertUnwindSafe(run)).expect_err("a panic"));
    check(&mut team, 7);
}

#[test]
fn threads_that_cannot_be_started_are_left_out() {
    for started in 0..4 {
        let spawn = |index, work| (index <= started).then(|| std::thread::spawn(work));
        let mut team = Team::start(5, spawn);
        assert_eq!(team.threads(), started + 1);
        for parts in [1, 2, 3, 5, 64] {
            check(&mut team, parts);
        }
    }
}

#[test]
fn a_thread_that_does_not_come_is_not_waited_for() {
    let come = Arc::new(AtomicBool::new(false));
    let spawn = |_, work: WorkerMain| {
        let come = Arc::clone(&come);
        Some(std::thread::spawn(move || {
            while !come.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            work();
        }))
    };
    let mut team = Team::start(3, spawn);
    for parts in [2, 3, 10] {
        check(&mut team, parts);
    }
    come.store(true, Ordering::SeqCst);
    for parts in [2, 3, 10] {
        check(&mut team, parts);
    }
}

#[test]
fn dropping_a_team_ends_its_threads() {
    for (asleep, used) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut team = Team::new(3);
        if used {
            check(&mut team, 3);
        }
        if asleep {
            let_sleep(&team);
        }
        let shared = Arc::downgrade(&team.shared);
        drop(team);
        assert!(shared.upgrade().is_none(), "asleep: {asleep}, used: {used}");
    }
}

#[test]
fn parts_may_use_teams_of_their_own() {
    let sum = AtomicUsize::new(0);
    Team::new(3).run(3, |outer, _| {
        Team::new(2).run(4, |inner, _| {
            sum.fetch_add(4 * outer + inner, Ordering::SeqCst);
        });
    });
    assert_eq!(sum.into_inner(), (0..12).sum::<usize>());
}

#[test]
fn a_team_may_move_to_another_thread() {
    let mut team = Team::new(2);
    relay(&mut team, 3, 10);
    let mut team = std::thread::spawn(move || {
        relay(&mut team, 3, 10);
        team
    })
    .join()
    .expect("no panic");
    relay(&mut team, 3, 10);
}

#[test]
fn threads_above_the_limit_run_no_parts() {
    let mut team = Team::new(3);
    for limit in [2, 1, 3, 0] {
        team.set_limit(limit);
        let highest = AtomicUsize::new(0);
        team.run(times(2000), |_, thread| {
            highest.fetch_max(thread, Ordering::Relaxed);
        });
        assert!(highest.into_inner() < limit.max(1), "{limit}");
        check(&mut team, 9);
    }
    assert_eq!(team.threads(), 3, "the number of threads is unchanged");
}

#[test]
fn a_team_that_never_spins_works_too() {
    let mut team = Team::new(3);
    for spin_time in [Duration::ZERO, Duration::MAX, SPIN_TIME] {
        team.set_spin_time(spin_time);
        for parts in [1, 7, 30] {
            check(&mut team, parts);
        }
    }
}
