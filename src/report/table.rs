//! Columns of text.

use std::fmt;
use std::iter::repeat_n;

use anstream::adapter::strip_str;

/// Rows of cells under a header, each column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column names.
    pub fn new(header: &[&str]) -> Self {
        Self {
            rows: vec![header.iter().map(|name| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table without its last column, where it is wider than so many characters.
    #[must_use]
    pub fn within(mut self, columns: usize) -> Self {
        if self
            .to_string()
            .lines()
            .any(|line| width_of(line) > columns)
        {
            let last = self.rows.first().map_or(0, Vec::len).saturating_sub(1);
            for row in &mut self.rows {
                row.truncate(last);
            }
        }
        self
    }
}

/// How many columns a cell takes: what colours it takes none.
fn width_of(cell: &str) -> usize {
    strip_str(cell).to_string().chars().count()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width_of(cell)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(repeat_n(' ', width - width_of(cell) + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_spaces() {
        let mut table = Table::new(&["SERVICE", "STATE"]);
        table.row(["db".to_owned(), "running".to_owned()]);
        assert_eq!(table.to_string(), "SERVICE  STATE\ndb       running\n");
    }

    #[test]
    fn the_last_column_goes_where_it_would_wrap() {
        let table = || {
            let mut table = Table::new(&["SERVICE", "STATE", "IMAGE"]);
            table.row(["db".to_owned(), "up".to_owned(), "postgres:15".to_owned()]);
            table.row(["web".to_owned(), "missing".to_owned()]);
            table
        };
        assert_eq!(table().within(29).to_string(), table().to_string());
        assert_eq!(
            table().within(28).to_string(),
            "SERVICE  STATE\ndb       up\nweb      missing\n"
        );
    }
}
