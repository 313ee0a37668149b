//! A first look at a pickle: which of the values that it puts aside it takes again.

use super::memo::Taken;
use super::operands::Operands;
use crate::file::PartFault;

/// The places of the memo that values are taken from.
pub(super) fn taken(operands: Operands<'_>) -> Taken {
    let mut taken = Taken::default();
    // Where this look ends early the machine ends too, and says why.
    drop(look(operands, &mut taken));
    taken
}

fn look(mut operands: Operands<'_>, taken: &mut Taken) -> Result<(), PartFault> {
    let start = operands.position;
    loop {
        let read = operands.position - start;
        match operands.byte()? {
            b'.' => return Ok(()),
            b'g' => taken.insert(operands.index_line()?, read),
            b'h' => taken.insert(operands.byte()?.into(), read),
            b'j' => taken.insert(operands.u32()?, read),
            b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'p' => {
                operands.line()?;
            }
            b'c' | b'i' => {
                operands.line()?;
                operands.line()?;
            }
            0x80 | b'K' | b'q' | 0x82 => skip(&mut operands, 1)?,
            b'M' | 0x83 => skip(&mut operands, 2)?,
            b'J' | b'r' | 0x84 => skip(&mut operands, 4)?,
            b'G' | 0x95 => skip(&mut operands, 8)?,
            b'U' | 0x8c | b'C' | 0x8a => {
                let length = operands.byte()?;
                skip(&mut operands, length.into())?;
            }
            b'T' | b'X' | b'B' | 0x8b => {
                let length = operands.u32()?;
                skip(&mut operands, length.into())?;
            }
            0x8d | 0x8e | 0x96 => {
                let length = operands.u64()?;
                skip(&mut operands, length)?;
            }
            _ => {}
        }
    }
}

fn skip(operands: &mut Operands<'_>, bytes: u64) -> Result<(), PartFault> {
    operands.range(bytes).map(|_| ())
}
