//! The coefficients of an image, and its samples.

use super::inverse_transform::inverse_transform;
use super::segments::{Component, Header, Tables};
use super::upsample::upsample;
use super::{Fault, fault};

/// Side of a block.
const SIDE: usize = 8;

/// The coefficients of one component, block by block, each in the order of rows.
pub(super) struct Plane {
    pub(super) component: Component,
    /// Blocks that hold samples of the image, in each direction.
    pub(super) blocks: (usize, usize),
    /// Blocks in a row, those that fill up the last group among them.
    pub(super) stride: usize,
    pub(super) coefficients: Vec<[i16; 64]>,
    /// The table by which coefficients are multiplied, once a scan has come.
    quantisation: Option<[u16; 64]>,
}

pub(super) struct Frame {
    width: usize,
    height: usize,
    pub(super) progressive: bool,
    pub(super) planes: Vec<Plane>,
    /// The largest factors of all components.
    pub(super) factors: (usize, usize),
    /// Groups of blocks of all components, in each direction.
    pub(super) groups: (usize, usize),
}

impl Frame {
    /// # Errors
    /// A fault when the image has more blocks than a file of this many bytes can hold.
    pub(super) fn new(header: &Header, bytes: usize) -> Result<Self, Fault> {
        let largest = |factor: fn(&Component) -> usize| header.components.iter().map(factor).max().unwrap_or(1);
        let factors = (largest(|component| component.horizontal), largest(|component| component.vertical));
        let groups = (header.width.div_ceil(SIDE * factors.0), header.height.div_ceil(SIDE * factors.1));
        let in_group =
            header.components.iter().map(|component| component.horizontal * component.vertical).sum::<usize>();
        // Each block takes at least one bit.
        let blocks = groups.0 * groups.1 * in_group;
        if blocks / 8 > bytes {
            let found = format!("{blocks} blocks in {bytes} bytes");
            return Err(fault(0, "at most 8 blocks for each byte of the file", found));
        }
        let plane = |&component: &Component| {
            let within = |length: usize, factor: usize, largest: usize| (length * factor).div_ceil(SIDE * largest);
            let stride = groups.0 * component.horizontal;
            Plane {
                component,
                blocks: (
                    within(header.width, component.horizontal, factors.0),
                    within(header.height, component.vertical, factors.1),
                ),
                stride,
                coefficients: vec![[0; 64]; stride * groups.1 * component.vertical],
                quantisation: None,
            }
        };
        let planes = header.components.iter().map(plane).collect();
        Ok(Self {
            width: header.width,
            height: header.height,
            progressive: header.progressive,
            planes,
            factors,
            groups,
        })
    }

    /// Takes the tables as they are at a component's first scan.
    pub(super) fn take_quantisation(&mut self, index: usize, tables: &Tables) {
        let plane = &mut self.planes[index];
        plane.quantisation = plane.quantisation.or(tables.quantisation[plane.component.quantisation]);
    }

    /// The samples of each component in the size of the image.
    pub(super) fn samples(self) -> Result<Vec<Vec<u8>>, Fault> {
        let Self { width, height, planes, factors, .. } = self;
        let mut samples = Vec::with_capacity(planes.len());
        for plane in planes {
            let Component { horizontal, vertical, .. } = plane.component;
            let Some(quantisation) = plane.quantisation else {
                return Err(fault(0, "a scan and a quantisation table of each component", "none"));
            };
            if factors.0 % horizontal != 0 || factors.1 % vertical != 0 {
                let found = format!("{horizontal}×{vertical} of {}×{}", factors.0, factors.1);
                return Err(fault(0, "sampling factors that divide the largest ones", found));
            }
            // The samples that stand for the image; the rest of the blocks is filling.
            let own = ((width * horizontal).div_ceil(factors.0), (height * vertical).div_ceil(factors.1));
            let stride = plane.stride * SIDE;
            let mut blocks = vec![0; plane.coefficients.len() * 64];
            for (index, block) in plane.coefficients.iter().enumerate() {
                let values = inverse_transform(block, &quantisation);
                let start = index / plane.stride * SIDE * stride + index % plane.stride * SIDE;
                for (row, values) in values.as_chunks::<SIDE>().0.iter().enumerate() {
                    blocks[start + row * stride..][..SIDE].copy_from_slice(values);
                }
            }
            let rows = blocks.chunks_exact(stride).take(own.1).map(|row| &row[..own.0]).collect::<Vec<_>>();
            samples.push(upsample(&rows, (factors.0 / horizontal, factors.1 / vertical), (width, height)));
        }
        Ok(samples)
    }
}
