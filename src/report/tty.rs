//! A live line per service on a terminal, which collapses into one line when it is done.
//!
//! Lines that are done scroll up above those that live, so any number of services fits on any
//! terminal, and nothing is left of a live line when the run ends, however it ends.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use rustix::termios::tcgetwinsize;
use tokio::time::Instant;

use super::live::{Live, Size};
use super::row::Row;
use super::{Current, note, settling};
use crate::event::{Event, Observer};
use crate::model::ServiceName;
use crate::plan::{Plan, StepId};

const TICK: Duration = Duration::from_millis(100);
/// Events that come quicker than this are drawn together.
const FRAME: Duration = Duration::from_millis(30);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Whether a terminal is drawn on in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// It is.
    On,
    /// It is not: `NO_COLOR`, `--color never`.
    Off,
}

/// Draws on a terminal.
#[derive(Debug)]
pub struct Tty<W: Write + Send + 'static> {
    picture: Arc<Mutex<Picture<W>>>,
    /// Dropped, it ends the thread.
    tick: Option<mpsc::Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

/// What is on the terminal.
struct Picture<W> {
    live: Live<W>,
    size: fn() -> Size,
    colours: Colours,
    current: Current,
    /// In the order of the plan.
    rows: Vec<(ServiceName, Row)>,
    /// Lines that are done and not drawn yet.
    done: Vec<String>,
    width: usize,
    drawn: Instant,
    frame: usize,
}

impl Tty<io::Stderr> {
    /// Draws on the terminal behind standard error.
    pub fn new(colours: Colours) -> Self {
        let size = || {
            let size = tcgetwinsize(io::stderr()).ok();
            size.map_or(Size::default(), |size| Size::new(size.ws_col, size.ws_row))
        };
        Self::on(io::stderr(), size, colours)
    }
}

impl<W: Write + Send + 'static> Tty<W> {
    fn on(output: W, size: fn() -> Size, colours: Colours) -> Self {
        let picture = Arc::new(Mutex::new(Picture {
            live: Live::new(output),
            size,
            colours,
            current: Current::default(),
            rows: Vec::new(),
            done: Vec::new(),
            width: 0,
            drawn: Instant::now(),
            frame: 0,
        }));
        // A thread of its own: the picture lives while the run waits for an engine.
        let (tick, ticks) = mpsc::channel();
        let drawn = Arc::clone(&picture);
        let ticker = thread::spawn(move || {
            while ticks.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let mut picture = lock(&drawn);
                if !picture.rows.is_empty() {
                    picture.frame += 1;
                    picture.draw();
                }
            }
        });
        Self {
            picture,
            tick: Some(tick),
            ticker: Some(ticker),
        }
    }
}

fn lock<W>(picture: &Mutex<Picture<W>>) -> MutexGuard<'_, Picture<W>> {
    picture.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> Picture<W> {
    fn planned(&mut self, plan: Plan) {
        let names = || plan.steps().iter().filter_map(|step| step.service.as_ref());
        self.width = names().map(|name| name.as_str().len()).max().unwrap_or(0);
        self.rows.clear();
        // A look at what is there already is over before anybody could read a line about it.
        if !plan.is_empty() {
            for name in names() {
                if !self.rows.iter().any(|(known, _)| known == name) {
                    self.rows.push((name.clone(), Row::new(&plan, name)));
                }
            }
        }
        self.current = Current(plan);
    }

    /// The row of a step's service, made where it is not there yet.
    fn row(&mut self, id: StepId) -> Option<&mut Row> {
        let service = self.current.step(id)?.service.clone()?;
        let place = self.rows.iter().position(|(name, _)| *name == service);
        let place = place.unwrap_or_else(|| {
            let row = Row::new(&self.current.0, &service);
            self.rows.push((service, row));
            self.rows.len() - 1
        });
        self.rows.get_mut(place).map(|(_, row)| row)
    }

    /// Lets the row of a step take note of something, and puts it away when it is done.
    fn update(&mut self, id: StepId, change: impl FnOnce(&mut Row)) {
        let Some(row) = self.row(id) else { return };
        change(row);
        let Some(end) = row.end() else { return };
        let service = self.current.step(id).and_then(|step| step.service.clone());
        let Some(service) = service else { return };
        self.rows.retain(|(name, _)| *name != service);
        let (mark, colour, text) = match end {
            // Nothing was done: only that it failed would be worth a line.
            Ok(_) if self.current.0.is_empty() => return,
            Ok(text) => ('✔', AnsiColor::Green, text),
            Err(text) => ('✘', AnsiColor::Red, text),
        };
        let style = self.style(colour.on_default());
        let (name, width) = (service.as_str(), self.width);
        self.done
            .push(format!("{style}{mark}{style:#} {name:width$} {text}"));
    }

    fn of(&mut self, service: &ServiceName, change: impl FnOnce(&mut Row)) {
        if let Some((_, row)) = self.rows.iter_mut().find(|(name, _)| name == service) {
            change(row);
        }
    }

    fn style(&self, style: Style) -> Style {
        match self.colours {
            Colours::On => style,
            Colours::Off => Style::new(),
        }
    }

    fn draw(&mut self) {
        let size = (self.size)();
        let now = Instant::now();
        let names: Vec<&ServiceName> = self.rows.iter().map(|(name, _)| name).collect();
        let dim = self.style(Style::new().dimmed());
        let cyan = self.style(AnsiColor::Cyan.on_default());
        let spinner = SPINNER.get(self.frame % SPINNER.len()).unwrap_or(&' ');
        let line = |(name, row): &(ServiceName, Row)| {
            let (name, width) = (name.as_str(), self.width);
            let head = format!("{name:width$} ");
            let waits = row.waits_for(names.iter().copied());
            let time = row.time(now).map(|time| format!(" {time}"));
            let room = size.room(&[&head, time.as_deref().unwrap_or_default()], 2);
            let (mark, text) = match (&time, waits) {
                (_, Some(waits)) => (format!("{dim}·{dim:#}"), waits),
                (Some(_), None) => (format!("{cyan}{spinner}{cyan:#}"), row.now()),
                (None, None) => (format!("{dim}·{dim:#}"), String::new()),
            };
            let text = room.fit(&text);
            let time = time.unwrap_or_default();
            format!("{mark} {head}{text}{dim}{time}{dim:#}")
        };
        let lines: Vec<String> = self.rows.iter().map(line).collect();
        self.live.draw(&self.done, &lines, size);
        self.done.clear();
        self.drawn = now;
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Planned(plan) => self.planned(plan),
            Event::Waiting { holder } => self.done.push(format!("waiting for {holder} to end")),
            Event::Settling { holder } => self.done.push(settling(&holder)),
            Event::Started(id) => {
                if let Some(step) = self.current.step(id).cloned() {
                    self.update(id, |row| row.started(&step, Instant::now()));
                }
            }
            Event::Pulling { step, progress } => {
                self.update(step, |row| row.pulling(progress, Instant::now()));
            }
            Event::NotYet { step, reason } => self.update(step, |row| row.not_yet(&reason)),
            Event::Finished { step, elapsed } => {
                self.update(step, |row| row.finished(step, elapsed));
            }
            Event::Failed { step, elapsed } => self.update(step, |row| row.failed(elapsed)),
            Event::Stopped { .. } => {}
            Event::Ready {
                service, elapsed, ..
            } => self.of(&service, |row| row.ready(elapsed)),
            Event::Bootstrapped { service, deeds } => {
                self.of(&service, |row| row.bootstrapped(&deeds));
            }
            Event::Hook { moment, command } => self.done.push(format!("{moment}: {command}")),
            Event::HookWrote { line } => self.done.push(format!("  {line}")),
            Event::Noted(noted) => self.done.push(format!("note: {}", note(&noted))),
        }
    }
}

impl<W: Write + Send + 'static> Observer for Tty<W> {
    fn on(&self, event: Event) {
        let mut picture = lock(&self.picture);
        let is_news = picture.done.len();
        picture.take(event);
        // What is merely under way is drawn by the next tick at the latest.
        if picture.done.len() > is_news || picture.drawn.elapsed() >= FRAME {
            picture.draw();
        }
    }
}

impl<W: Write + Send + 'static> Drop for Tty<W> {
    fn drop(&mut self) {
        self.tick = None;
        if let Some(ticker) = self.ticker.take() {
            ticker.join().ok(); // one that panicked draws no more
        }
        let mut picture = lock(&self.picture);
        picture.rows.clear();
        picture.draw();
    }
}

impl<W> fmt::Debug for Picture<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vt100::Parser;

    use super::*;
    use crate::event::PullProgress;
    use crate::model::{
        Condition, ContainerSpec, Dependency, ImageRef, Observed, Service, Stack, StackName,
    };
    use crate::plan::{Action, Goal, Up, reconcile};
    use crate::report::written::Written;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    /// `hub` depends on `db`; neither has an image yet.
    fn plan() -> Plan {
        let service = |text: &str| {
            let image = ImageRef::parse(&format!("{text}:1")).unwrap();
            Service::new(name(text), ContainerSpec::new(text, image))
        };
        let mut hub = service("hub");
        let condition = Condition::Healthy;
        let required = true;
        let on_db = Dependency {
            condition,
            required,
        };
        hub.depends_on.insert(name("db"), on_db);
        let services = [service("db"), hub].map(|one| (one.name.clone(), one));
        let stack = Stack {
            services: services.into_iter().collect(),
            ..Stack::new(StackName::new("try").unwrap(), "/project")
        };
        reconcile(&stack, &Observed::default(), &Goal::Up(Up::all(&stack))).unwrap()
    }

    /// What is written to a terminal, and a terminal that shows it.
    struct Screen {
        written: Written,
        tty: Tty<Written>,
        plan: Plan,
        columns: u16,
    }

    impl Screen {
        fn new(columns: u16) -> Self {
            let written = Written::default();
            let size = match columns {
                30 => || Size::new(30, 20),
                _ => || Size::new(60, 20),
            };
            let tty = Tty::on(written.clone(), size, Colours::Off);
            let plan = plan();
            tty.on(Event::Planned(plan.clone()));
            Self {
                written,
                tty,
                plan,
                columns,
            }
        }

        fn step(&self, service: &str, is: impl Fn(&Action) -> bool) -> StepId {
            let mut steps = self.plan.steps().iter();
            let wanted = steps
                .find(|step| step.service.as_ref() == Some(&name(service)) && is(&step.action));
            wanted.unwrap().id
        }

        /// Every step of the service, to its end.
        fn run_through(&self, service: &str) {
            let own = self.plan.steps().iter();
            let own: BTreeSet<StepId> = own
                .filter(|step| step.service.as_ref() == Some(&name(service)))
                .map(|step| step.id)
                .collect();
            let last = own.last().copied();
            for id in own {
                self.tty.on(Event::Started(id));
                if Some(id) == last {
                    self.tty.on(Event::Ready {
                        service: name(service),
                        elapsed: Duration::from_millis(1500),
                        ports: Vec::new(),
                    });
                }
                let elapsed = Duration::from_millis(300);
                self.tty.on(Event::Finished { step: id, elapsed });
            }
        }

        fn shows(&self) -> String {
            lock(&self.tty.picture).draw();
            screen(&self.written, self.columns)
        }

        /// What is left on the screen.
        fn end(self) -> String {
            drop(self.tty);
            screen(&self.written, self.columns)
        }
    }

    fn screen(written: &Written, columns: u16) -> String {
        let mut terminal = Parser::new(20, columns, 0);
        let bytes = written.0.lock().unwrap().clone();
        // A terminal turns the end of a line into both.
        let text = String::from_utf8(bytes).unwrap().replace('\n', "\r\n");
        terminal.process(text.as_bytes());
        terminal.screen().contents().trim_end().to_owned()
    }

    fn is_pull(action: &Action) -> bool {
        matches!(action, Action::PullImage { .. })
    }

    #[test]
    fn a_live_line_says_what_is_under_way_and_one_that_waits_says_for_whom() {
        let screen = Screen::new(60);
        let pull = screen.step("db", is_pull);
        screen.tty.on(Event::Started(pull));
        let progress = PullProgress {
            current: 20 << 20,
            total: 80 << 20,
        };
        let step = pull;
        screen.tty.on(Event::Pulling { step, progress });
        let shown = screen.shows();
        assert!(
            shown.contains("db  pulling db:1: 20 MiB of 80 MiB █████░"),
            "{shown}"
        );
        assert!(shown.contains("· hub waits for `db`"), "{shown}");
    }

    #[test]
    fn a_line_fits_a_narrow_terminal() {
        let screen = Screen::new(30);
        screen.tty.on(Event::Started(screen.step("db", is_pull)));
        assert!(
            screen
                .shows()
                .lines()
                .all(|line| line.chars().count() <= 30)
        );
        assert!(screen.shows().contains(" s"), "{}", screen.shows());
    }

    #[test]
    fn lines_collapse_and_nothing_is_left_of_the_live_ones() {
        let screen = Screen::new(60);
        screen.run_through("db");
        screen.run_through("hub");
        let lines = [
            "✔ db  usable after 1.5 s, pulled db:1 in 300 ms",
            "✔ hub usable after 1.5 s, pulled hub:1 in 300 ms",
        ];
        assert_eq!(screen.end(), lines.join("\n"));
    }

    #[test]
    fn a_failure_stays_and_the_rest_goes() {
        let screen = Screen::new(60);
        let step = screen.step("db", is_pull);
        screen.tty.on(Event::Started(step));
        let elapsed = Duration::from_secs(2);
        screen.tty.on(Event::Failed { step, elapsed });
        assert_eq!(screen.end(), "✘ db  failed after 2.0 s of pulling db:1");
    }
}
