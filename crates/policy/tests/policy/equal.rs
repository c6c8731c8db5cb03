//! Decisions through the index are those of the engine alone: decision, reasons and errors.

use proptest::prelude::*;

use crate::world::{Count, compare};

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_changes_nothing(seed in any::<u64>()) {
        let mut count = Count::default();
        if let Err(difference) = compare(seed, 20, &mut count) {
            prop_assert!(false, "{difference}");
        }
    }
}

#[test]
fn the_comparison_covers_what_it_is_for() {
    let mut count = Count::default();
    for seed in 0..60 {
        compare(seed, 20, &mut count).unwrap();
    }
    let Count {
        cases,
        allowed,
        failed,
        narrowed,
        layered,
        refused,
    } = count;
    assert_eq!(cases, 1_200);
    for (part, least) in [
        (allowed, 100),
        (failed, 100),
        (narrowed, 600),
        (layered, 20),
        (refused, 5),
    ] {
        assert!(part >= least, "{count:?}");
    }
}
