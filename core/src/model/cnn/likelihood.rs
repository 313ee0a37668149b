//! How likely a plain CNN is among those with its tensors.

use super::{Cnn, ConvBlock, Head};
use crate::model::chain::gap;

/// Sides of the square images of common data sets with one channel.
const GREY_SIDES: &[usize] = &[28, 32];
/// Sides of the square images of common data sets with more channels.
pub(super) const COLOUR_SIDES: &[usize] = &[32, 28, 64, 96, 224];
/// Side of the frames of Atari games (Mnih et al. 2015), stacked as channels.
const FRAME_SIDES: &[usize] = &[84];
/// Kernels of AlexNet (Krizhevsky 2014) and of the deep Q-network (Mnih et al. 2015), of which that of 2013 has the first two.
pub(super) const ALEXNET: [usize; 5] = [11, 5, 3, 3, 3];
pub(super) const DQN: [usize; 3] = [8, 4, 3];

/// Whether something stands between the activation after a convolution and the next one in the same sequence.
pub(super) fn pooled_between(name: &str, normalised: bool, next: &str) -> Option<bool> {
    let own = 2 + usize::from(normalised);
    gap(name, next).map(|gap| gap > own)
}

/// Whether names say what stands between all convolutions.
pub(super) fn names_say(names: &[&str], normalised: &[bool]) -> bool {
    names.len() > 1
        && names
            .array_windows()
            .zip(normalised)
            .all(|([name, next], &normalised)| pooled_between(name, normalised, next).is_some())
}

/// Sides of the images that networks usually read whose first convolution reads so many channels by such a kernel.
pub(super) fn usual_sides(channels: usize, kernel: usize) -> &'static [usize] {
    match (channels, kernel) {
        (1, _) => GREY_SIDES,
        (4, 8) => FRAME_SIDES,
        _ => COLOUR_SIDES,
    }
}

/// The module that holds each layer.
pub(super) fn modules<'a>(names: &[&'a str]) -> Vec<Option<&'a str>> {
    names.iter().map(|name| name.rsplit_once('.').map(|(module, _)| module)).collect()
}

/// How likely a network is among those with its tensors: certain where it is a well-known one, or names say what stands between
/// the convolutions; likely where it pads or pools or strides as most do. A padded convolution with stride 2 has the tensors of
/// one that is pooled, so neither is certain.
pub(super) fn likelihood(cnn: &Cnn) -> u8 {
    let blocks = &cnn.blocks;
    let names: Vec<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
    let normalised: Vec<bool> = blocks.iter().map(|block| block.batch_norm.is_some()).collect();
    let kernels = || blocks.iter().map(|block| block.kernel);
    let same = |block: &ConvBlock| block.padding == block.kernel.saturating_sub(1) / 2;
    let (padded, unpadded) = (blocks.iter().all(same), blocks.iter().all(|block| block.padding == 0));
    let plain = blocks.iter().all(|block| block.stride == 1);
    let pooled: Vec<bool> = blocks.iter().map(|block| block.pool.is_some()).collect();
    let shrinks = !plain || pooled.contains(&true);
    let usual = blocks.first().map_or(COLOUR_SIDES, |block| usual_sides(cnn.input.channels, block.kernel));
    if cnn.head == Head::Flatten && !usual.contains(&cnn.input.height) {
        return 0;
    }
    if kernels().eq(DQN) || kernels().eq(DQN.into_iter().take(2)) {
        return if unpadded { 2 } else { 0 };
    }
    if kernels().eq(ALEXNET) {
        if cnn.head == Head::GlobalAverage {
            return 0;
        }
        return if blocks[0].padding != 0 && blocks[1].padding == 2 { 2 } else { 0 };
    }
    if matches!(cnn.head, Head::Adaptive(_)) {
        return if padded { 1 + u8::from(pooled.last() == Some(&true)) } else { 0 };
    }
    if cnn.head == Head::GlobalAverage {
        return u8::from(padded);
    }
    let large = kernels().all(|kernel| kernel >= 5);
    let before_last = pooled.split_last().is_some_and(|(_, before)| before.iter().all(|&pooled| pooled));
    let all = before_last && pooled.last() == Some(&true);
    if large && plain && before_last && unpadded && pooled.len() > 2 {
        return 2;
    }
    if large && plain && all {
        let first_padded = blocks.iter().skip(1).all(|block| block.padding == 0) && same(&blocks[0]);
        return if unpadded || first_padded || padded { 2 } else { 0 };
    }
    if names_say(&names, &normalised) && plain {
        let last = pooled.last() == Some(&true) || !pooled.contains(&true);
        return match (padded, unpadded) {
            (true, _) if last => 2,
            (true, _) | (_, true) => 1,
            _ => 0,
        };
    }
    let modules = modules(&names);
    let by_module = modules.array_windows().any(|[a, b]| a == b && a.is_some())
        && (0..blocks.len()).all(|i| pooled[i] == (modules.get(i + 1) != Some(&modules[i])));
    match (plain, padded, unpadded) {
        (true, true, _) if by_module || !shrinks => 2,
        (true, _, true) if !shrinks => 2,
        (true, true, _) | (true, _, true) => 1,
        (false, true, _) if !pooled.contains(&true) => 1,
        _ => 0,
    }
}
