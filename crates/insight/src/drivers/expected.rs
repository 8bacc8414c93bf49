//! The chance that each deal has by its attributes, without knowing whose it is.

use winsight_model::Dimension;

use super::design::{Design, Factor};
use super::logistic::Fitter;
use super::{Cell, DriverError, affordable, counted};

/// For every cell the chance of winning that the attributes in `among` give its deals, and which of
/// them took part: those with too many values for the number of deals are left out, as in
/// [`drivers`](super::drivers). The chance of a cell without deals is 0.
///
/// The fitted chances of a logistic regression, so that over all deals, and over every level of an
/// attribute, the expected number of won deals is the observed one.
pub(crate) fn chances(
    cells: &[Cell],
    dimensions: &[Dimension],
    among: &[Dimension],
) -> Result<(Vec<f64>, Vec<Dimension>), DriverError> {
    let chosen: Vec<usize> =
        (0..dimensions.len()).filter(|&position| among.contains(&dimensions[position])).collect();
    let narrowed: Vec<Cell> = cells
        .iter()
        .map(|cell| Cell {
            values: chosen.iter().filter_map(|&at| cell.values.get(at).cloned()).collect(),
            ..*cell
        })
        .collect();
    let names: Vec<Dimension> = chosen.iter().map(|&at| dimensions[at].clone()).collect();
    let all = counted(&narrowed, &names)?;
    let factors: Vec<Factor> =
        (0..names.len()).map(|position| Factor::new(&all.cells, position)).collect();
    let used = affordable(&factors, all.won.min(all.deals - all.won))?;
    let design = Design::new(&all.cells, &factors, &used);
    let fit = Fitter::new(&design).fit_all();
    let mut fitted = design.columns_of_cells().map(|columns| fit.chance(columns));
    let chance = |cell: &Cell| match cell.won + cell.lost {
        0 => 0.0,
        _ => fitted.next().unwrap_or(0.0),
    };
    let chances = narrowed.iter().map(chance).collect();
    Ok((chances, used.into_iter().map(|position| names[position].clone()).collect()))
}
