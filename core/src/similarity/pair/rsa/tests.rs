use super::*;
use crate::layer::{Draw, PartId};
use crate::similarity::tests::sample::{generator, layer, normal, samples, value};
use crate::similarity::{DistanceCorrelation, LinearCka};
use crate::steps::finish;

const COMPARATORS: [Comparator; 6] = [
    Comparator::Pearson,
    Comparator::Spearman,
    Comparator::KendallTauA,
    Comparator::KendallTauB,
    Comparator::Cosine,
    Comparator::WhitenedCosine,
];

const DISTANCES: [Distance; 4] =
    [Distance::Correlation, Distance::Cosine, Distance::Euclidean, Distance::SquaredEuclidean];

fn pair() -> (Layer, Layer) {
    let random = &mut generator(31);
    let x = normal(random, 14 * 4);
    let y =
        normal(random, 14 * 6).iter().enumerate().map(|(i, noise)| noise + x[i / 6 * 4 + i % 4]).collect::<Vec<_>>();
    (layer(&x, 4), layer(&y, 6))
}

#[test]
fn a_constant_row_is_a_reason() {
    let layer = layer(&[1.0, 2.0, 4.0, 7.0, 7.0, 7.0, 1.0, 0.0, 5.0], 3);
    let rsa = Rsa { distance: Distance::Correlation, comparator: Comparator::Pearson };
    let reason = finish(Pair::prepare(&rsa, &layer, &samples(3))).err().unwrap();
    assert_eq!(reason.to_string(), "row 1 is constant across features, so it correlates with nothing");
}

/// Diedrichsen et al. 2020, and what follows from the definition of distance covariance.
#[test]
fn whitened_cosines_of_euclidean_distances_are_kernel_measures() {
    let (x, y) = pair();
    let whitened = |distance| value(&Rsa { distance, comparator: Comparator::WhitenedCosine }, &x, &y).unwrap();
    let cka = value(&LinearCka, &x, &y).unwrap();
    assert!((whitened(Distance::SquaredEuclidean) - cka).abs() < 1e-14);
    let correlation = value(&DistanceCorrelation::Squared, &x, &y).unwrap();
    assert!((whitened(Distance::Euclidean) - correlation).abs() < 1e-14);
}

#[test]
fn ranks_do_not_tell_distances_from_their_squares() {
    let (x, y) = pair();
    for comparator in [Comparator::Spearman, Comparator::KendallTauA, Comparator::KendallTauB] {
        let [plain, squared] = [Distance::Euclidean, Distance::SquaredEuclidean]
            .map(|distance| value(&Rsa { distance, comparator }, &x, &y).unwrap());
        assert_eq!(plain, squared, "{comparator:?}");
    }
}

#[test]
fn what_is_kept_permutes_like_the_samples() {
    let (x, y) = pair();
    let order = Order::random(14, 5);
    let reordered = y.permuted(&order);
    for rsa in DISTANCES.into_iter().flat_map(|distance| COMPARATORS.map(|comparator| Rsa { distance, comparator })) {
        let prepare = |layer: &Layer| finish(Pair::prepare(&rsa, layer, &samples(14))).unwrap();
        let (x, kept) = (prepare(&x), prepare(&y));
        let permuted = Pair::permuted(&rsa, &kept, &order).unwrap();
        let [found, expected] =
            [&permuted, &prepare(&reordered)].map(|other| finish(Pair::compare(&rsa, &x, other)).unwrap());
        assert!((found - expected).abs() < 1e-12, "{rsa:?}: {found} {expected}");
        let block = Pair::map(&rsa, &[&x, &kept], &[&permuted]);
        assert!((block.get(0, 0).clone().unwrap() - found).abs() < 1e-15, "{rsa:?}");
    }
}

#[test]
fn a_sample_that_was_drawn_twice_is_left_out() {
    let (x, y) = pair();
    let draw = Draw::random(14, 6);
    let [x, y] = [&x, &y].map(|layer| layer.resampled(&draw, &PartId::ALL));
    let pairs = (0..14).flat_map(|i| (0..i).map(move |j| (i, j)));
    let different = pairs.filter(|&(i, j)| !x.same_sample(i, j)).count();
    assert!(different < 91, "a resample repeats samples");
    for comparator in [Comparator::Pearson, Comparator::Spearman, Comparator::Cosine] {
        let rsa = Rsa { distance: Distance::Euclidean, comparator };
        let Prepared::Unit(values) = finish(Pair::prepare(&rsa, &x, &samples(14))).unwrap() else {
            panic!("{comparator:?}")
        };
        assert_eq!(values.len(), different);
        assert!(value(&rsa, &x, &y).is_ok());
    }
}
