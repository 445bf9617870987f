//! Random interleavings of the verbs against a model that is as simple as can be: nothing is lost,
//! nothing is doubled, and every answer is the one the model gives.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::*;

type Check = Result<(), TestCaseError>;

/// Conversations in play: few, so that they get in each other's way.
const CONVERSATIONS: u8 = 3;
/// More than there can be.
const ALL: usize = 999;

#[derive(Debug, Clone)]
enum Op {
    /// An event, maybe one that was delivered before.
    Accept {
        who: u8,
        event: u8,
        ahead_ms: i64,
    },
    LeaseTurns {
        max: usize,
    },
    Commit {
        lease: usize,
        plan: Plan,
    },
    Fail {
        lease: usize,
        dead: bool,
    },
    LeaseSends,
    SettleSend {
        lease: usize,
        outcome: u8,
    },
    Echo {
        send: usize,
    },
    LeaseCommands,
    SettleCommand {
        lease: usize,
        outcome: u8,
    },
    FireTimers,
    Sweep,
    Advance {
        ms: i64,
    },
    /// The process dies and starts again.
    Crash,
}

/// What a turn does.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a turn may or may not do, and all combinations are tried"
)]
struct Plan {
    keep_last: bool,
    sends: u8,
    urgent: bool,
    command: bool,
    timer_in_ms: Option<i64>,
    input: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let timer = prop::option::of(0..100_000_i64);
    (
        any::<bool>(),
        0..4_u8,
        any::<bool>(),
        any::<bool>(),
        timer,
        any::<bool>(),
    )
        .prop_map(
            |(keep_last, sends, urgent, command, timer_in_ms, input)| Plan {
                keep_last,
                sends,
                urgent,
                command,
                timer_in_ms,
                input,
            },
        )
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..CONVERSATIONS, 0..12_u8, -50..50_i64)
            .prop_map(|(who, event, ahead_ms)| Op::Accept { who, event, ahead_ms }),
        5 => prop_oneof![Just(1), Just(ALL)].prop_map(|max| Op::LeaseTurns { max }),
        6 => (0..4_usize, plans()).prop_map(|(lease, plan)| Op::Commit { lease, plan }),
        2 => (0..4_usize, any::<bool>()).prop_map(|(lease, dead)| Op::Fail { lease, dead }),
        6 => Just(Op::LeaseSends),
        6 => (0..4_usize, 0..4_u8).prop_map(|(lease, outcome)| Op::SettleSend { lease, outcome }),
        1 => (0..8_usize).prop_map(|send| Op::Echo { send }),
        4 => Just(Op::LeaseCommands),
        4 => (0..3_usize, 0..4_u8)
            .prop_map(|(lease, outcome)| Op::SettleCommand { lease, outcome }),
        2 => Just(Op::FireTimers),
        1 => Just(Op::Sweep),
        4 => prop_oneof![Just(1), Just(1_000), Just(LEASE), Just(60_000)]
            .prop_map(|ms| Op::Advance { ms }),
        1 => Just(Op::Crash),
    ]
}

/// The model of a conversation's inbox.
#[derive(Debug, Default)]
struct Inbox {
    waiting: BTreeSet<String>,
    fence: Option<Fence>,
    lease_ends_ms: i64,
    retry_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Waiting,
    InFlight(Fence),
    Over,
}

#[derive(Debug)]
struct Sending {
    id: OutboxId,
    who: ConversationId,
    turn: u8,
    urgent: bool,
    begun: bool,
    maybe_sent: bool,
    due_ms: i64,
    stage: Stage,
}

#[derive(Debug)]
struct Ordered {
    state: &'static str,
    attempts: u32,
    checks: u32,
    fence: Option<Fence>,
    due_ms: Option<i64>,
    not_after_ms: i64,
}

struct Model<S> {
    store: S,
    now_ms: i64,
    label: u32,
    seen: BTreeSet<(u8, u8)>,
    inboxes: BTreeMap<ConversationId, Inbox>,
    over: BTreeSet<String>,
    turns: Vec<TurnLease>,
    turn: u8,
    sends: Vec<Sending>,
    send_leases: Vec<SendLease>,
    inherited: bool,
    commands: BTreeMap<CommandId, Ordered>,
    command_leases: Vec<CommandLease>,
    timers: BTreeMap<(ConversationId, String), (i64, String)>,
}

/// Compares a result with what the model says of the lease.
fn agree<T>(result: Result<T, StoreError>, good: bool) -> Result<bool, TestCaseError> {
    match result {
        Ok(_) => prop_assert!(good, "a stale lease was taken"),
        Err(StoreError::LeaseLost) => prop_assert!(!good, "a good lease was refused"),
        Err(other) => prop_assert!(false, "{other}"),
    }
    Ok(good)
}

impl<S: Store> Model<S> {
    fn new(store: S) -> Self {
        Self {
            store,
            now_ms: NOW,
            label: 0,
            seen: BTreeSet::new(),
            inboxes: BTreeMap::new(),
            over: BTreeSet::new(),
            turns: Vec::new(),
            turn: 0,
            sends: Vec::new(),
            send_leases: Vec::new(),
            inherited: true,
            commands: BTreeMap::new(),
            command_leases: Vec::new(),
            timers: BTreeMap::new(),
        }
    }

    /// A name for an input, unlike all others.
    fn name(&mut self) -> String {
        self.label += 1;
        format!("input {}", self.label)
    }

    fn new_input(&mut self, who: ConversationId) -> NewInput {
        let name = self.name();
        let made = input(who, self.now_ms, &name);
        self.waits(who, name);
        made
    }

    fn waits(&mut self, who: ConversationId, name: String) {
        self.inboxes.entry(who).or_default().waiting.insert(name);
    }

    async fn apply(&mut self, op: Op) -> Check {
        match op {
            Op::Accept {
                who,
                event,
                ahead_ms,
            } => self.accept(who, event, ahead_ms).await,
            Op::LeaseTurns { max } => self.lease_turns(max).await,
            Op::Commit { lease, plan } => self.commit(lease, plan).await,
            Op::Fail { lease, dead } => self.fail(lease, dead).await,
            Op::LeaseSends => self.lease_sends().await,
            Op::SettleSend { lease, outcome } => self.settle_send(lease, outcome).await,
            Op::Echo { send } => self.echo(send).await,
            Op::LeaseCommands => self.lease_commands().await,
            Op::SettleCommand { lease, outcome } => self.settle_command(lease, outcome).await,
            Op::FireTimers => self.fire_timers().await,
            Op::Sweep => {
                let swept = self.store.sweep(self.now_ms, FOREVER).await;
                prop_assert!(swept.is_ok());
                Ok(())
            }
            Op::Advance { ms } => {
                self.now_ms += ms;
                Ok(())
            }
            Op::Crash => unreachable!("the caller opens the store again"),
        }
    }

    async fn accept(&mut self, who: u8, event: u8, ahead_ms: i64) -> Check {
        let fresh = self.seen.insert((who, event));
        let name = format!("event {who}.{event}");
        let arrival = Arrival {
            seen: SeenKey {
                at_ms: NOW,
                hash: hash(&name),
            },
            input: input(conversation(who), self.now_ms + ahead_ms, &name),
        };
        let accepted = self.store.accept(unit(vec![arrival], self.now_ms)).await;
        prop_assert_eq!(accepted.unwrap().stored, usize::from(fresh));
        if fresh {
            self.waits(conversation(who), name);
        }
        Ok(())
    }

    async fn lease_turns(&mut self, max: usize) -> Check {
        let leases = self
            .store
            .lease_turns(NODE, self.now_ms, LEASE, max)
            .await
            .unwrap();
        let now_ms = self.now_ms;
        let ready: BTreeSet<ConversationId> = self
            .inboxes
            .iter()
            .filter(|(_, inbox)| {
                let free = inbox.fence.is_none() || inbox.lease_ends_ms <= now_ms;
                free && inbox.retry_ms <= now_ms && !inbox.waiting.is_empty()
            })
            .map(|(who, _)| *who)
            .collect();
        let given: BTreeSet<ConversationId> = leases.iter().map(|one| one.conversation).collect();
        prop_assert_eq!(given.len(), leases.len());
        prop_assert!(given.is_subset(&ready), "{:?} of {:?}", given, ready);
        prop_assert_eq!(given.len(), ready.len().min(max));
        for lease in leases {
            let inbox = self.inboxes.get_mut(&lease.conversation).unwrap();
            let places: Vec<_> = lease.inputs.iter().map(|one| (one.at_ms, one.id)).collect();
            prop_assert!(places.is_sorted() && !places.is_empty() && places.len() <= 16);
            for one in &lease.inputs {
                prop_assert!(inbox.waiting.contains(&text(&one.body)));
                prop_assert!(one.attempt == 1 || lease.inputs.len() == 1);
            }
            inbox.fence = Some(lease.fence);
            inbox.lease_ends_ms = now_ms + LEASE;
            self.turns.push(lease);
        }
        Ok(())
    }

    fn is_good(&self, lease: &TurnLease) -> bool {
        self.inboxes[&lease.conversation].fence == Some(lease.fence)
    }

    async fn commit(&mut self, lease: usize, plan: Plan) -> Check {
        if self.turns.is_empty() {
            return Ok(());
        }
        // A lease stays in the list for a while, so that stale ones are tried too.
        let lease = self.turns[lease % self.turns.len()].clone();
        let who = lease.conversation;
        let good = self.is_good(&lease);
        let mut commit = done(&lease, self.now_ms);
        if plan.keep_last && commit.done.len() > 1 {
            commit.done.pop();
        }
        let (label, turn) = (self.label, self.turn.wrapping_add(1));
        commit.sends = (0..plan.sends)
            .map(|ordinal| {
                let urgent = plan.urgent && ordinal == plan.sends - 1;
                let class = if urgent {
                    SendClass::Urgent
                } else {
                    SendClass::Answer
                };
                send(turn, ordinal, class)
            })
            .collect();
        if plan.command {
            commit.commands = vec![command(turn, self.now_ms + 45_000)];
        }
        let timer = plan
            .timer_in_ms
            .map(|ms| (self.now_ms + ms, format!("timer of turn {turn}")));
        if let Some((due_ms, name)) = &timer {
            commit.timers = vec![NewTimer {
                kind: "t".to_owned(),
                subject: String::new(),
                due_ms: Some(*due_ms),
                body: sealed(name),
            }];
        }
        let extra = plan.input.then(|| format!("input {}", label + 1));
        commit.inputs = extra
            .iter()
            .map(|name| input(who, self.now_ms, name))
            .collect();
        let dealt_with: Vec<String> = lease
            .inputs
            .iter()
            .filter(|one| commit.done.contains(&one.id))
            .map(|one| text(&one.body))
            .collect();
        let (sends, commands) = (commit.sends.clone(), commit.commands.clone());
        if !agree(self.store.commit_turn(commit).await, good)? {
            return Ok(());
        }
        self.turn = turn;
        self.label = label + 1;
        self.close(who, &dealt_with, 0)?;
        if let Some(name) = extra {
            self.waits(who, name);
        }
        let urgent = sends.iter().any(|send| send.class == SendClass::Urgent);
        for send in sends {
            self.sends.push(Sending {
                id: send.id,
                who,
                turn,
                urgent,
                begun: false,
                maybe_sent: false,
                due_ms: self.now_ms,
                stage: Stage::Waiting,
            });
        }
        for command in commands {
            let ordered = Ordered {
                state: "ready",
                attempts: 0,
                checks: 0,
                fence: None,
                due_ms: Some(self.now_ms),
                not_after_ms: command.not_after_ms,
            };
            self.commands.insert(command.id, ordered);
        }
        if let Some(timer) = timer {
            self.timers.insert((who, "t".to_owned()), timer);
        }
        Ok(())
    }

    /// A lease ends: these inputs are over, each for the first time.
    fn close(&mut self, who: ConversationId, over: &[String], retry_ms: i64) -> Check {
        let inbox = self.inboxes.get_mut(&who).unwrap();
        inbox.fence = None;
        inbox.retry_ms = retry_ms;
        for name in over {
            prop_assert!(inbox.waiting.remove(name), "{} was not waiting", name);
            prop_assert!(self.over.insert(name.clone()), "{} twice", name);
        }
        Ok(())
    }

    async fn fail(&mut self, lease: usize, dead: bool) -> Check {
        if self.turns.is_empty() {
            return Ok(());
        }
        let lease = self.turns[lease % self.turns.len()].clone();
        let good = self.is_good(&lease);
        let failed = lease.inputs.last().unwrap();
        let retry_ms = self.now_ms + 5_000;
        let failure = if dead {
            TurnFailure::Dead {
                error: "poison".to_owned(),
            }
        } else {
            TurnFailure::Retry { at_ms: retry_ms }
        };
        let who = lease.conversation;
        let result = self
            .store
            .fail_turn(who, lease.fence, failed.id, failure, self.now_ms)
            .await;
        if agree(result, good)? {
            let buried = if dead {
                vec![text(&failed.body)]
            } else {
                Vec::new()
            };
            self.close(who, &buried, if dead { 0 } else { retry_ms })?;
        }
        Ok(())
    }

    /// The send that goes next in a conversation.
    fn head(&self, who: ConversationId) -> Option<usize> {
        let rank = |sending: &Sending| match sending.stage {
            Stage::InFlight(_) => 0,
            _ if sending.begun => 1,
            _ if sending.urgent => 2,
            _ => 3,
        };
        let mine = self.sends.iter().enumerate();
        mine.filter(|(_, sending)| sending.who == who && sending.stage != Stage::Over)
            .min_by_key(|(at, sending)| (rank(sending), *at))
            .map(|(at, _)| at)
    }

    async fn lease_sends(&mut self) -> Check {
        let all: BTreeSet<ConversationId> = self.sends.iter().map(|sending| sending.who).collect();
        let heads: Vec<usize> = all.iter().filter_map(|who| self.head(*who)).collect();
        if std::mem::take(&mut self.inherited) {
            let until = self.now_ms + 60_000;
            for at in &heads {
                let sending = &mut self.sends[*at];
                if sending.maybe_sent || sending.stage != Stage::Waiting {
                    sending.due_ms = sending.due_ms.max(until);
                }
            }
        }
        let expected: BTreeMap<OutboxId, usize> = heads
            .into_iter()
            .filter(|at| self.sends[*at].due_ms <= self.now_ms)
            .map(|at| (self.sends[at].id, at))
            .collect();
        let leases = self
            .store
            .lease_sends(NODE, self.now_ms, LEASE, ALL)
            .await
            .unwrap();
        let given: BTreeSet<OutboxId> = leases.iter().map(|lease| lease.id).collect();
        prop_assert_eq!(given.len(), leases.len());
        prop_assert_eq!(&given, &expected.keys().copied().collect());
        for lease in leases {
            let sending = &mut self.sends[expected[&lease.id]];
            sending.maybe_sent |= sending.stage != Stage::Waiting;
            prop_assert_eq!(lease.maybe_sent, sending.maybe_sent);
            sending.stage = Stage::InFlight(lease.fence);
            sending.due_ms = self.now_ms + LEASE + ECHO_WAIT;
            let (who, turn) = (sending.who, sending.turn);
            if sending.maybe_sent {
                self.begin(who, turn);
            }
            self.send_leases.push(lease);
        }
        Ok(())
    }

    fn begin(&mut self, who: ConversationId, turn: u8) {
        for sending in &mut self.sends {
            sending.begun |= sending.who == who && sending.turn == turn;
        }
    }

    async fn settle_send(&mut self, lease: usize, outcome: u8) -> Check {
        if self.send_leases.is_empty() {
            return Ok(());
        }
        let lease = self.send_leases[lease % self.send_leases.len()].clone();
        let at = self
            .sends
            .iter()
            .position(|sending| sending.id == lease.id)
            .unwrap();
        let stage = self.sends[at].stage;
        let good = stage == Stage::InFlight(lease.fence);
        let told = (outcome == 3 && good).then(|| self.new_input(lease.conversation));
        let retry_ms = self.now_ms + 3_000;
        let outcome_ = match outcome {
            0 => SendOutcome::Sent { at_ms: self.now_ms },
            1 | 2 => SendOutcome::Retry {
                at_ms: retry_ms,
                maybe_sent: outcome == 2,
            },
            _ => SendOutcome::Dead {
                reason: "rejected",
                input: told,
            },
        };
        let result = self
            .store
            .settle_send(lease.id, lease.fence, outcome_, self.now_ms)
            .await;
        agree(result, good || stage == Stage::Over)?;
        if !good {
            return Ok(());
        }
        let (who, turn) = (self.sends[at].who, self.sends[at].turn);
        match outcome {
            0 => {
                self.sends[at].stage = Stage::Over;
                self.begin(who, turn);
            }
            1 => {
                self.sends[at].stage = Stage::Waiting;
                self.sends[at].due_ms = retry_ms;
            }
            2 => {
                self.sends[at].stage = Stage::Waiting;
                self.sends[at].maybe_sent = true;
                self.sends[at].due_ms = retry_ms.max(self.now_ms + ECHO_WAIT);
                self.begin(who, turn);
            }
            _ => {
                for sending in &mut self.sends {
                    if sending.who == who && sending.turn == turn {
                        sending.stage = Stage::Over;
                    }
                }
            }
        }
        Ok(())
    }

    async fn echo(&mut self, send: usize) -> Check {
        if self.sends.is_empty() {
            return Ok(());
        }
        let at = send % self.sends.len();
        let open = self.sends[at].stage != Stage::Over;
        let accepted = self
            .store
            .accept(echo(self.sends[at].id, self.now_ms))
            .await
            .unwrap();
        prop_assert_eq!(accepted.settled, usize::from(open));
        let sent_at = self.store.sent_at(self.sends[at].id).await.unwrap();
        prop_assert_eq!(sent_at, Some(self.now_ms));
        if open {
            self.sends[at].stage = Stage::Over;
            let (who, turn) = (self.sends[at].who, self.sends[at].turn);
            self.begin(who, turn);
        }
        Ok(())
    }

    async fn lease_commands(&mut self) -> Check {
        let leases = self
            .store
            .lease_commands(NODE, self.now_ms, LEASE, ALL)
            .await
            .unwrap();
        let now_ms = self.now_ms;
        let expected: BTreeSet<CommandId> = self
            .commands
            .iter()
            .filter(|(_, ordered)| ordered.due_ms.is_some_and(|due_ms| due_ms <= now_ms))
            .map(|(id, _)| *id)
            .collect();
        let given: BTreeSet<CommandId> = leases.iter().map(|lease| lease.id).collect();
        prop_assert_eq!(given.len(), leases.len());
        prop_assert_eq!(given, expected);
        for lease in leases {
            let ordered = self.commands.get_mut(&lease.id).unwrap();
            let checking = ordered.state == "unknown";
            prop_assert_eq!(lease.checking, checking);
            if checking {
                ordered.checks += 1;
            } else if ordered.state == "sent" || ordered.not_after_ms >= now_ms {
                ordered.state = "sent";
                ordered.attempts += 1;
            }
            prop_assert_eq!(lease.attempt, ordered.attempts.max(1));
            prop_assert_eq!(lease.checks, ordered.checks);
            ordered.fence = Some(lease.fence);
            ordered.due_ms = Some(now_ms + LEASE);
            self.command_leases.push(lease);
        }
        Ok(())
    }

    async fn settle_command(&mut self, lease: usize, outcome: u8) -> Check {
        if self.command_leases.is_empty() {
            return Ok(());
        }
        let lease = self.command_leases[lease % self.command_leases.len()].clone();
        let good = self.commands[&lease.id].fence == Some(lease.fence);
        let again_ms = self.now_ms + 60_000;
        let settled = match outcome {
            0 => CommandSettled::Final {
                outcome: "done",
                input: if good {
                    self.new_input(lease.conversation)
                } else {
                    input(lease.conversation, NOW, "must not be stored")
                },
            },
            1 => CommandSettled::Unknown {
                at_ms: Some(again_ms),
                input: good.then(|| self.new_input(lease.conversation)),
            },
            2 => CommandSettled::Unknown {
                at_ms: None,
                input: None,
            },
            _ => CommandSettled::Retry { at_ms: again_ms },
        };
        let result = self
            .store
            .settle_command(lease.id, lease.fence, settled, self.now_ms)
            .await;
        if !agree(result, good)? {
            return Ok(());
        }
        let ordered = self.commands.get_mut(&lease.id).unwrap();
        ordered.fence = None;
        match outcome {
            0 => (ordered.state, ordered.due_ms) = ("done", None),
            1 => (ordered.state, ordered.due_ms) = ("unknown", Some(again_ms)),
            2 => (ordered.state, ordered.due_ms) = ("unknown", None),
            _ => {
                ordered.due_ms = Some(again_ms);
                match ordered.state {
                    "unknown" => ordered.checks -= 1,
                    "sent" => ordered.attempts -= 1,
                    _ => (),
                }
                if ordered.state == "sent" && ordered.attempts == 0 {
                    ordered.state = "ready";
                }
            }
        }
        Ok(())
    }

    async fn fire_timers(&mut self) -> Check {
        let fired = self.store.due_timers(self.now_ms, ALL).await.unwrap();
        let due: Vec<_> = self
            .timers
            .iter()
            .filter(|(_, (due_ms, _))| *due_ms <= self.now_ms)
            .map(|(key, _)| key.clone())
            .collect();
        prop_assert_eq!(fired, due.len());
        for key in due {
            let (_, name) = self.timers.remove(&key).unwrap();
            self.waits(key.0, name);
        }
        Ok(())
    }

    /// Another process: leases of turns are gone, rows are as they were.
    fn crashed(self, open: impl FnOnce() -> S) -> Self {
        let Self { store, .. } = self;
        drop(store);
        let mut model = Self {
            store: open(),
            inherited: true,
            ..self
        };
        for inbox in model.inboxes.values_mut() {
            inbox.fence = None;
            inbox.lease_ends_ms = 0;
        }
        model
    }

    /// Lets everything run to its end, and looks whether anything is left.
    async fn drain(&mut self) -> Check {
        let plan = Plan {
            keep_last: false,
            sends: 0,
            urgent: false,
            command: false,
            timer_in_ms: None,
            input: false,
        };
        for _ in 0..60 {
            self.now_ms += 200_000;
            self.fire_timers().await?;
            self.turns.clear();
            self.lease_turns(ALL).await?;
            for lease in 0..self.turns.len() {
                self.commit(lease, plan.clone()).await?;
            }
            self.send_leases.clear();
            self.lease_sends().await?;
            for lease in 0..self.send_leases.len() {
                self.settle_send(lease, 0).await?;
            }
            self.command_leases.clear();
            self.lease_commands().await?;
            for lease in 0..self.command_leases.len() {
                self.settle_command(lease, 0).await?;
            }
        }
        prop_assert!(self.inboxes.values().all(|inbox| inbox.waiting.is_empty()));
        prop_assert!(
            self.sends
                .iter()
                .all(|sending| sending.stage == Stage::Over)
        );
        prop_assert!(
            self.commands
                .values()
                .all(|ordered| ordered.due_ms.is_none())
        );
        prop_assert_eq!(self.store.next_due().await.unwrap(), None);
        let depths = self.store.depths(self.now_ms).await.unwrap();
        prop_assert_eq!((depths.inbox, depths.outbox, depths.commands), (0, 0, 0));
        Ok(())
    }
}

#[expect(
    clippy::unused_async,
    reason = "the suite awaits every test; this one runs its cases on the runtime itself"
)]
pub(in crate::store) async fn random_interleavings_lose_and_double_nothing<B: Backend>(
    backend: impl Fn() -> B,
) {
    let config = Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(config);
    let run = |ops: Vec<Op>| {
        let backend = backend();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let mut model = Model::new(backend.open());
                for op in ops {
                    if matches!(op, Op::Crash) {
                        model = model.crashed(|| backend.open());
                    } else {
                        model.apply(op).await?;
                    }
                }
                model.drain().await
            })
        })
    };
    runner
        .run(&prop::collection::vec(ops(), 1..120), run)
        .unwrap();
}
