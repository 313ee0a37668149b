//! The compressed data of one scan.

use super::bits::Bits;
use super::frame::Frame;
use super::huffman::Table;
use super::segments::{Scan, Tables, ZIGZAG};
use super::{Fault, fault};

/// What is carried from block to block up to a restart.
#[derive(Default)]
struct State {
    /// The last direct value of each component of the scan.
    predicted: [i32; 4],
    /// Blocks that have no further coefficients in this scan.
    ended: u32,
}

/// Reads the coefficients of a scan; gives where it ends.
pub(super) fn decode(frame: &mut Frame, tables: &Tables, scan: &Scan, bytes: &[u8]) -> Result<usize, Fault> {
    for &(index, _, _) in &scan.components {
        frame.take_quantisation(index, tables);
    }
    let mut bits = Bits::new(bytes, scan.data);
    let mut state = State::default();
    // One component alone has its own blocks in order, and none that only fill up groups.
    let alone = scan.components.len() == 1;
    let (columns, rows) = match scan.components.first() {
        Some(&(index, _, _)) if alone => frame.planes[index].blocks,
        _ => frame.groups,
    };
    for group in 0..columns * rows {
        if tables.restart_interval > 0 && group > 0 && group % tables.restart_interval == 0 {
            bits.restart(group / tables.restart_interval - 1)?;
            state = State::default();
        }
        let (column, row) = (group % columns, group / columns);
        for (place, &(index, direct, alternating)) in scan.components.iter().enumerate() {
            let plane = &mut frame.planes[index];
            let (across, down) = if alone { (1, 1) } else { (plane.component.horizontal, plane.component.vertical) };
            for within in 0..across * down {
                let at = (row * down + within / across) * plane.stride + column * across + within % across;
                let direct = tables.direct[direct].as_ref();
                let block = Block {
                    coefficients: &mut plane.coefficients[at],
                    bits: &mut bits,
                    scan,
                    direct,
                    alternating: tables.alternating[alternating].as_ref(),
                };
                if frame.progressive {
                    block.progressive(&mut state, place)?
                } else {
                    block.baseline(&mut state, place)?
                }
            }
        }
    }
    Ok(bits.end())
}

/// One block and what it is read by.
struct Block<'a, 'b> {
    coefficients: &'a mut [i16; 64],
    bits: &'a mut Bits<'b>,
    scan: &'a Scan,
    direct: Option<&'a Table>,
    alternating: Option<&'a Table>,
}

fn required<'a>(table: Option<&'a Table>, scan: &Scan) -> Result<&'a Table, Fault> {
    table.ok_or_else(|| fault(scan.data, "the Huffman table of a component", "none"))
}

impl Block<'_, '_> {
    fn baseline(mut self, state: &mut State, place: usize) -> Result<(), Fault> {
        self.direct_value(state, place)?;
        let table = required(self.alternating, self.scan)?;
        let mut at = 1;
        while at < 64 {
            let symbol = self.bits.symbol(table)?;
            let (zeros, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if length == 0 && zeros < 15 {
                break;
            }
            at += zeros;
            if length > 0 {
                let value = self.bits.signed(length)?;
                self.set(at, value)?;
            }
            at += 1;
        }
        Ok(())
    }

    fn direct_value(&mut self, state: &mut State, place: usize) -> Result<(), Fault> {
        let length = self.bits.symbol(required(self.direct, self.scan)?)?;
        let difference = self.bits.signed(length.into())?;
        state.predicted[place] = state.predicted[place].wrapping_add(difference);
        self.coefficients[0] = (state.predicted[place] << self.scan.low) as i16;
        Ok(())
    }

    fn set(&mut self, at: usize, value: i32) -> Result<(), Fault> {
        let Some(&place) = ZIGZAG.get(at) else { return Err(self.bits.fault("at most 64 coefficients", "more")) };
        self.coefficients[usize::from(place)] = (value << self.scan.low) as i16;
        Ok(())
    }

    fn progressive(mut self, state: &mut State, place: usize) -> Result<(), Fault> {
        match (self.scan.first, self.scan.high) {
            (0, 0) => self.direct_value(state, place),
            (0, _) => {
                if self.bits.bit()? {
                    self.coefficients[0] |= 1 << self.scan.low;
                }
                Ok(())
            }
            (_, 0) => self.first_pass(state),
            _ => self.refine(state),
        }
    }

    /// How many blocks end here, this one among them.
    fn ended(&mut self, exponent: u8) -> Result<u32, Fault> {
        Ok((1 << exponent) + self.bits.take(exponent.into())?)
    }

    fn first_pass(mut self, state: &mut State) -> Result<(), Fault> {
        if state.ended > 0 {
            state.ended -= 1;
            return Ok(());
        }
        let table = required(self.alternating, self.scan)?;
        let mut at = self.scan.first;
        while at <= self.scan.last {
            let symbol = self.bits.symbol(table)?;
            let (zeros, length) = (symbol >> 4, u32::from(symbol & 15));
            if length == 0 && zeros < 15 {
                state.ended = self.ended(zeros)? - 1;
                break;
            }
            at += usize::from(zeros);
            if length > 0 {
                let value = self.bits.signed(length)?;
                self.set(at, value)?;
            }
            at += 1;
        }
        Ok(())
    }

    /// One more bit of coefficients that are known, and new ones of one bit between them.
    fn refine(mut self, state: &mut State) -> Result<(), Fault> {
        let one = 1_i16 << self.scan.low;
        let mut at = self.scan.first;
        if state.ended == 0 {
            let table = required(self.alternating, self.scan)?;
            while at <= self.scan.last {
                let symbol = self.bits.symbol(table)?;
                let (mut zeros, length) = (symbol >> 4, symbol & 15);
                if length == 0 && zeros < 15 {
                    state.ended = self.ended(zeros)?;
                    break;
                }
                let new = match length {
                    0 => 0,
                    _ if self.bits.bit()? => one,
                    _ => -one,
                };
                while at <= self.scan.last {
                    let place = usize::from(ZIGZAG[at]);
                    if self.coefficients[place] != 0 {
                        self.refine_one(place, one)?;
                    } else if zeros == 0 {
                        self.coefficients[place] = new;
                        break;
                    } else {
                        zeros -= 1;
                    }
                    at += 1;
                }
                at += 1;
            }
        }
        if state.ended > 0 {
            for &place in ZIGZAG.get(at..=self.scan.last).unwrap_or(&[]) {
                if self.coefficients[usize::from(place)] != 0 {
                    self.refine_one(place.into(), one)?;
                }
            }
            state.ended -= 1;
        }
        Ok(())
    }

    fn refine_one(&mut self, place: usize, one: i16) -> Result<(), Fault> {
        let value = &mut self.coefficients[place];
        if self.bits.bit()? && *value & one == 0 {
            *value = value.wrapping_add(if *value >= 0 { one } else { -one });
        }
        Ok(())
    }
}
