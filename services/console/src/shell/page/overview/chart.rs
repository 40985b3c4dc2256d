//! Draws how many certificates expire in each of the coming weeks.
//!
//! The drawing names plain colours, which the style sheet turns into those of the page, light or
//! dark.

use std::error::Error;

use jiff::tz::Offset;
use plotters::prelude::{
    BLUE, ChartBuilder, Color, IntoDrawingArea, IntoSegmentedCoord, RED, RGBColor, Rectangle,
    SVGBackend, SegmentValue, TRANSPARENT,
};

use super::Week;
use crate::shell::http::problem::Problem;

/// Width and height, in the units of the drawing; the page scales it.
const SIZE: (u32, u32) = (480, 200);
const ORANGE: RGBColor = RGBColor(255, 165, 0);
const GREY: RGBColor = RGBColor(128, 128, 128);

/// Weeks in which renewal is late whatever the lifetime, and those in which it is near.
const LATE: usize = 1;
const NEAR: usize = 4;

/// The chart as SVG.
///
/// # Errors
///
/// When it cannot be drawn, which is a bug.
pub(super) fn drawn(weeks: &[Week]) -> Result<String, Problem> {
    let mut svg = String::new();
    draw(weeks, &mut svg).map_err(|error| {
        tracing::error!(%error, "The chart of expiries cannot be drawn.");
        Problem::bug()
    })?;
    Ok(svg.replacen("<svg ", "<svg class=\"chart\" aria-hidden=\"true\" ", 1))
}

fn draw(weeks: &[Week], svg: &mut String) -> Result<(), Box<dyn Error>> {
    let most = weeks.iter().map(|week| week.count).max().unwrap_or_default().max(1);
    // Room above the highest bar.
    let top = most + most.div_ceil(8);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin_top(8)
        .margin_right(8)
        .x_label_area_size(30)
        .y_label_area_size(40)
        .build_cartesian_2d((0..weeks.len()).into_segmented(), 0..top)?;
    let label = |week: &SegmentValue<usize>| match week {
        SegmentValue::CenterOf(week) => weeks.get(*week).map(Week::label).unwrap_or_default(),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY)
        .axis_style(GREY)
        .x_labels(weeks.len().div_ceil(2) + 1)
        .y_labels(top.min(5))
        .x_label_formatter(&label)
        .label_style(("sans-serif", 18))
        .draw()?;
    chart.draw_series(weeks.iter().enumerate().filter(|(_, week)| week.count > 0).map(
        |(at, week)| {
            let colour = match at {
                at if at < LATE => RED,
                at if at < NEAR => ORANGE,
                _ => BLUE,
            };
            let corners = [(SegmentValue::Exact(at), 0), (SegmentValue::Exact(at + 1), week.count)];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(0, 0, 7, 7);
            bar
        },
    ))?;
    root.present()?;
    drop(chart);
    drop(root);
    Ok(())
}

impl Week {
    /// Its first day, without the year.
    pub(super) fn label(&self) -> String {
        Offset::UTC.to_datetime(self.from).strftime("%m-%d").to_string()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    #[test]
    fn each_week_with_expiries_has_a_bar_in_its_colour() {
        let from = Timestamp::from_second(1_790_000_000).unwrap();
        let weeks: Vec<_> = [3, 0, 7, 1_200, 0, 2]
            .into_iter()
            .zip(0_i32..)
            .map(|(count, week)| Week {
                from: from + SignedDuration::from_hours(168) * week,
                count,
            })
            .collect();
        let svg = drawn(&weeks).unwrap();
        let bars = |colour: &str| svg.matches(&format!("fill=\"{colour}\"")).count();
        assert_eq!((bars("#FF0000"), bars("#FFA500"), bars("#0000FF")), (1, 2, 1));
        assert!(svg.contains("09-21") && !svg.contains("<script"), "{svg}");
    }

    #[test]
    fn nothing_to_draw_is_drawn_all_the_same() {
        assert!(drawn(&[]).is_ok());
        let one = Week { from: Timestamp::UNIX_EPOCH, count: 0 };
        assert!(drawn(&[one]).is_ok());
    }
}
