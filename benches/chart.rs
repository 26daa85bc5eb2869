//! The ratios as a picture.

use std::error::Error;
use std::path::Path;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::contender::{ALL, Entry};
use crate::table::Measured;

/// Colours that people who see fewer of them tell apart, too (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(240, 228, 66),
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(110, 110, 110),
];

/// Who has bars: `parse` and the rivals. All are told by `updates_into`, and the reference is no rival.
const BARS: std::ops::Range<usize> = 1..9;

/// How much of a workload's width its bars take.
const GROUP: f64 = 0.84;

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, LogCoord<f64>>>;
type Drawn<'a> = Result<(), Box<dyn Error + 'a>>;

/// Draws a bar for each one's time, from 1, which is that of `updates_into`.
pub fn draw<'a>(measured: &Measured, path: &'a Path) -> Drawn<'a> {
    let ratios = measured.results.iter().flat_map(|result| &result.rows);
    let ratios = ratios.map(|row| row.ratio);
    let highest = ratios.clone().fold(2.0, f64::max) * 1.3;
    let lowest = ratios.fold(1.0, f64::min) * 0.9;
    let right = measured.results.len() as f64 - 0.5;
    let area = SVGBackend::new(path, (1_500, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "Times as long as pinquery's updates_into (logarithmic; below 1: faster)",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(-0.5..right, (lowest..highest).log_scale())?;
    draw_axes(&mut chart, measured)?;
    for (index, (entry, colour)) in ALL[BARS].iter().zip(COLOURS).enumerate() {
        chart
            .draw_series(bars(measured, index, entry, colour))?
            .label(entry.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    chart.draw_series([PathElement::new([(-0.5, 1.0), (right, 1.0)], BLACK)])?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

fn draw_axes<'a>(chart: &mut Chart<'a>, measured: &Measured) -> Drawn<'a> {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(measured.results.len() + 1)
        .x_label_formatter(&|at| name_at(measured, *at).to_owned())
        .y_label_formatter(&|ratio| format!("{ratio}"))
        .draw()?;
    Ok(())
}

/// Someone's bars, one for each workload that it can do.
fn bars(
    measured: &Measured,
    index: usize,
    entry: &Entry,
    colour: RGBColor,
) -> impl Iterator<Item = Rectangle<(f64, f64)>> {
    let width = GROUP / BARS.len() as f64;
    let results = measured.results.iter().enumerate();
    results.filter_map(move |(at, result)| {
        let ratio = result.row(entry.name)?.ratio;
        let left = at as f64 - GROUP / 2.0 + index as f64 * width;
        let corners = [(left, 1.0), (left + width * 0.9, ratio)];
        Some(Rectangle::new(corners, colour.filled()))
    })
}

/// The workload in the middle of whose group a tick of the axis is.
fn name_at(measured: &Measured, at: f64) -> &'static str {
    let is_middle = (at - at.round()).abs() < 0.01 && at >= -0.01;
    let index = at.round().max(0.0) as usize;
    let result = measured.results.get(index).filter(|_| is_middle);
    result.map_or("", |result| result.name)
}
