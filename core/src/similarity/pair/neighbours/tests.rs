use super::*;
use crate::layer::sample::single;
use crate::layer::{Draw, Layer, Order, PartId, Reason};
use crate::similarity::Pair;
use crate::similarity::tests::sample::{generator, layer, normal, outcome, samples, value};
use crate::similarity::{Question, find};
use crate::steps::finish;

const IDS: [&str; 8] = [
    "mutual-knn",
    "jaccard",
    "rank-similarity",
    "joint-rank-jaccard",
    "cycle-knn",
    "cknna",
    "second-order-cosine",
    "second-order-cosine-distance",
];

/// X[i, j] = sin(0.7 (i+1)(j+1)) + 0.1 ((i (j+3)) mod 7), Y[i, j] = cos(0.45 (i+2)(j+1)) + 0.3 X[i, j mod p].
fn closed_form(rows: usize, first: usize, second: usize) -> [Layer; 2] {
    let a = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 1)) as f64).sin() + 0.1 * ((i * (j + 3)) % 7) as f64;
    let b = |i: usize, j: usize| (0.45 * ((i + 2) * (j + 1)) as f64).cos() + 0.3 * a(i, j % first);
    let values = |features: usize, value: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..rows).flat_map(|i| (0..features).map(move |j| (i, j))).map(|(i, j)| value(i, j)).collect()
    };
    [layer(&values(first, &a), first), layer(&values(second, &b), second)]
}

/// Against `tests/fixtures/measures/oracle_neighbours.json`, which NumPy computed by the definitions.
#[test]
fn values_are_those_of_the_definitions() {
    let text = include_str!("../../../../../tests/fixtures/measures/oracle_neighbours.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut checked = 0;
    for case in cases.as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let [a, b] = closed_form(size("rows"), size("first"), size("second"));
        for (id, values) in case["values"].as_object().unwrap() {
            let measure = find(id).unwrap();
            for (expected, first, second) in [(&values[0], &a, &b), (&values[1], &b, &a)] {
                let (found, expected) = (outcome(&measure, first, second).unwrap(), expected.as_f64().unwrap());
                assert!((found - expected).abs() < 1e-9, "{id}: expected {expected}, found {found}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 2 * IDS.len() * 4, "{checked}");
}

#[test]
fn ranks_that_differ_cost_as_published() {
    let common = |pairs: &[(usize, usize)]| -> Vec<nearest::Common> {
        pairs.iter().map(|&(first, second)| nearest::Common { first, second }).collect()
    };
    assert_eq!(rank_similarity::similarity(&common(&[(1, 1), (2, 2), (3, 3)])), 1.0);
    // 2 / (2 · 3) twice, over 1 + 1/2.
    assert!((rank_similarity::similarity(&common(&[(1, 2), (2, 1)])) - 2.0 / 3.0 / 1.5).abs() < 1e-15);
    assert_eq!(rank_similarity::similarity(&[]), 0.0);
}

#[test]
fn what_is_kept_permutes_like_the_samples() {
    let random = &mut generator(61);
    let [x, y] = [3, 5].map(|features| layer(&normal(random, 20 * features), features));
    let order = Order::random(20, 9);
    let samples = samples(20);
    for id in IDS {
        let measure = find(&format!("{id}:k=4")).unwrap();
        let Question::Pair(pair) = &measure.question else { panic!("{id}") };
        let prepare = |layer: &Layer| finish(pair.prepare(layer, &samples)).unwrap();
        let (a, b) = (prepare(&x), prepare(&y));
        let permuted = pair.permuted(&b, &order).unwrap();
        let found = finish(pair.compare(&a, &permuted)).unwrap();
        let expected = finish(pair.compare(&a, &prepare(&y.permuted(&order)))).unwrap();
        assert!((found - expected).abs() < 1e-14, "{id}: {found} {expected}");
        assert!((found - finish(pair.compare(&a, &b)).unwrap()).abs() > 1e-6, "{id}");
    }
}

#[test]
fn a_cycle_is_certain_where_no_list_avoids_a_sample() {
    let random = &mut generator(62);
    let [x, y] = [3, 5].map(|features| layer(&normal(random, 12 * features), features));
    let samples = samples(12);
    for (k, certain) in [(10, true), (2, false)] {
        let measure = CycleKnn { k };
        let [a, b] = [&x, &y].map(|layer| finish(Pair::prepare(&measure, layer, &samples)).unwrap());
        assert_eq!(Pair::by_construction(&measure, &a, &b), certain);
        assert_eq!(finish(Pair::compare(&measure, &a, &b)).unwrap() == 1.0, certain);
    }
}

#[test]
fn k_asks_for_samples() {
    let [a, b] = closed_form(9, 3, 4);
    for id in IDS {
        let of = |k: usize| outcome(&find(&format!("{id}:k={k}")).unwrap(), &a, &b);
        assert!(of(7).is_ok(), "{id}");
        for k in [8, 9, 1_000_000] {
            assert_eq!(of(k).unwrap_err(), Reason::FewSamples { minimum: k + 2, found: 9 }, "{id}");
        }
    }
    assert_eq!(value(&MutualKnn { k: 8 }, &a, &b).unwrap_err(), Reason::FewSamples { minimum: 10, found: 9 });
}

#[test]
fn neighbours_that_only_ties_decide_are_a_reason() {
    // Eight copies of each of three rows: seven of ten neighbours are known, and three are ties of eight.
    let three = normal(&mut generator(63), 3 * 4);
    let copies: Vec<f64> = (0..24).flat_map(|row| three[row % 3 * 4..][..4].to_vec()).collect();
    for layer in [layer(&copies, 4), single(&copies, 4)] {
        assert!((value(&MutualKnn { k: 10 }, &layer, &layer).unwrap() - 1.0).abs() < 1e-15);
        // Of two neighbours, both are ties.
        let reason = value(&MutualKnn { k: 2 }, &layer, &layer).unwrap_err();
        assert_eq!(reason, Reason::TiedNeighbours { tied: 48, places: 48 });
    }
}

#[test]
fn a_zero_profile_is_a_reason() {
    // Four rays of four samples each, so that the three nearest are on the same ray.
    let rays: Vec<f64> = (0..16)
        .flat_map(|row| {
            let mut values = [0.0; 4];
            values[row % 4] = 1.0 + row as f64;
            values
        })
        .collect();
    let layer = layer(&rays, 4);
    let distances = SecondOrderCosine { profile: Profile::Distances, k: 3 };
    assert_eq!(value(&distances, &layer, &layer).unwrap_err(), Reason::ZeroProfile { row: 0 });
    let cosines = SecondOrderCosine { profile: Profile::Cosines, k: 3 };
    assert!((value(&cosines, &layer, &layer).unwrap() - 1.0).abs() < 1e-15);
}

#[test]
fn a_sample_that_was_drawn_twice_is_no_neighbour_of_itself() {
    let draw = Draw::random(30, 3);
    let layer = layer(&normal(&mut generator(64), 30 * 6), 6).resampled(&draw, &PartId::ALL);
    let nearest = finish(Nearest::of(&layer, 5)).unwrap();
    for sample in 0..30 {
        assert!(nearest.list(sample).iter().all(|&other| !layer.same_sample(sample, other as usize)));
    }
}
