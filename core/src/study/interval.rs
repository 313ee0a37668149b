//! How much the values of a map vary with the samples, as the report says it.

use super::{BootstrapRecord, BootstrapSpec, Cell, IntervalRecord};
use crate::inference::{Interval, ResampledMaps, interval};

/// What is reported of the cells of a map, of which these rows and columns were resampled, in order.
pub(super) fn record(
    cells: &[Vec<Option<Cell>>],
    spec: BootstrapSpec,
    (rows, columns): &(Vec<usize>, Vec<usize>),
    maps: &ResampledMaps,
) -> BootstrapRecord {
    let of = |row: usize, column: usize| -> Result<IntervalRecord, String> {
        let (Some(Cell::Value(value)), Ok(row), Ok(column)) =
            (&cells[row][column], rows.binary_search(&row), columns.binary_search(&column))
        else {
            return Err("there is no value".to_owned());
        };
        let (resampled, left_out) = maps.cell(row, column).map_err(ToString::to_string)?;
        let Interval { low, high, standard_error } =
            interval(spec.interval, *value, resampled, left_out, spec.level).map_err(|reason| reason.to_string())?;
        Ok(IntervalRecord::Known { low, high, standard_error })
    };
    let cells = (0..cells.len()).map(|row| {
        let columns = 0..cells[row].len();
        columns.map(|column| of(row, column).unwrap_or_else(|absent| IntervalRecord::Absent { absent })).collect()
    });
    BootstrapRecord { spec, cells: cells.collect() }
}
