// Sends the actions in the journal to the server, in batches, and handles lost replies, outages and conflicts.

const { Failure } = require('./http')
const { timers: clock } = require('./timers')

/** Milliseconds from the last action to its saving. */
const SAVE_AFTER = 1_000
/** Milliseconds for which the oldest pending action waits at most while further ones follow. */
const SAVE_WITHIN = 5_000
/** The pauses after failures that may pass, in ms; the last one repeats. */
const PAUSES = [2_000, 5_000, 15_000, 60_000]
/** Actions and numbers in one request, well within the server's body limit. */
const BATCH_ACTIONS = 200
const BATCH_NUMBERS = 30_000
/** How often one flush lets another device go first before it takes a pause. */
const MAX_REBASES = 5

/**
 * The state of a drawing's saving:
 * - `saved`       the server has all of it
 * - `saving`      a request is under way or due
 * - `offline`     kept on the phone; sent when the network is back
 * - `unreachable` kept on the phone; the phone is on a network, the server does not answer
 * - `waiting`     kept on the phone; the server asked for a pause
 * - `signed_out`  kept on the phone until the user signs in
 * - `closing`     kept on the phone; the account is being closed
 * - `deleted`     the drawing is in the bin; kept on the phone until the user decides
 * - `gone`        the server has no such drawing any more, and the phone only its end
 * - `full`        a limit is reached; kept on the phone
 * - `blocked`     the user may not save; kept on the phone
 * - `refused`     the server does not accept it; kept on the phone
 * @typedef {'saved' | 'saving' | 'offline' | 'unreachable' | 'waiting' | 'signed_out' | 'closing' | 'deleted' | 'gone'
 *   | 'full' | 'blocked' | 'refused'} SaveState
 * @typedef {import('./drawing').Drawing} Drawing
 * @typedef {{ state: SaveState, failure: Failure | null }} Status
 * @typedef {object} Work
 * @property {Drawing} drawing
 * @property {Promise<Status> | null} running
 * @property {any} timer
 * @property {number} due when the timer runs out, ms since 1970
 * @property {number} failures in a row
 * @property {number} since when the oldest pending action was added, ms since 1970; 0 while nothing is pending
 */

/** @type {Record<import('./http').FailureKind, SaveState>} */
const STATE_OF = {
  offline: 'offline',
  signin: 'waiting',
  signed_out: 'signed_out',
  wait: 'waiting',
  fault: 'waiting',
  conflict: 'waiting',
  blocked: 'blocked',
  deleted: 'deleted',
  missing: 'gone',
  full: 'full',
  refused: 'refused',
}
/** States that end by a timer or with the network's return. */
const PASSING = ['offline', 'unreachable', 'waiting']
/** States in which a flush is worth a try. */
const OPEN = ['saved', 'saving', ...PASSING, 'signed_out', 'closing']

/** @param {Failure} failure @returns {SaveState} */
function stateOf(failure) {
  if (failure.code === 'unreachable') return 'unreachable'
  if (failure.code === 'account_closing') return 'closing'
  return STATE_OF[failure.kind]
}

/** @param {import('./drawing').Action[]} pending */
function batchOf(pending) {
  let count = 0
  let numbers = 0
  for (const action of pending) {
    numbers += action.type === 'stroke' ? action.points.length : 0
    if (count > 0 && (count === BATCH_ACTIONS || numbers > BATCH_NUMBERS)) break
    count += 1
  }
  return pending.slice(0, count)
}

class Saver {
  /**
   * @param {object} deps
   * @param {import('./api').Api} deps.api
   * @param {import('./journal').Journal} deps.journal
   * @param {import('./timers').Timers} [deps.timers]
   * @param {() => number} [deps.now] ms since 1970
   */
  constructor({ api, journal, timers = clock, now = Date.now }) {
    this.api = api
    this.journal = journal
    this.timers = timers
    this.now = now
    /** @type {Map<string, Work>} */
    this.works = new Map()
    /** @type {Map<string, Status>} */
    this.statuses = new Map()
    /** @type {Set<(id: string, status: Status) => void>} */
    this.listeners = new Set()
    /** @type {Set<(id: string, undoDropped: boolean) => void>} */
    this.rebased = new Set()
    /** Up to which number the server confirmed each drawing since the app's start. @type {Map<string, number>} */
    this.confirmed = new Map()
  }

  /** @param {(id: string, status: Status) => void} listener @returns {() => void} ends it */
  onStatus(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * @param {(id: string, undoDropped: boolean) => void} listener called when another device's actions came in;
   *   `undoDropped`: a pending undo, redo or clear was dropped with it
   * @returns {() => void} ends it
   */
  onRebase(listener) {
    this.rebased.add(listener)
    return () => this.rebased.delete(listener)
  }

  /** @param {string} id @returns {Status} */
  status(id) {
    return this.statuses.get(id) || { state: 'saved', failure: null }
  }

  /**
   * The drawing under that id that is being saved, so that no page works on a second copy of it.
   * @param {string} id
   */
  held(id) {
    const work = this.works.get(id)
    return work && work.drawing
  }

  /** @param {Drawing} drawing @returns {Work} */
  hold(drawing) {
    let work = this.works.get(drawing.id)
    if (!work) {
      work = { drawing, running: null, timer: null, due: 0, failures: 0, since: 0 }
      this.works.set(drawing.id, work)
    }
    return work
  }

  /** Saves the drawing soon, after an action was added to it. @param {Drawing} drawing */
  touch(drawing) {
    const work = this.hold(drawing)
    const now = this.now()
    work.since = work.since || now
    const { state, failure } = this.status(drawing.id)
    if (!OPEN.includes(state)) return
    if (state === 'saved') this.set(drawing.id, 'saving')
    if (work.failures === 0) this.later(work, Math.max(0, Math.min(SAVE_AFTER, work.since + SAVE_WITHIN - now)))
    // A pause that the server asked for is kept; one after silence ends early, since the user is drawing.
    else if (failure && !failure.retryAfter && work.due - now > PAUSES[0]) this.later(work, PAUSES[0])
  }

  /** The server has answered some request: ends the pauses of drawings that it did not answer before. */
  wake() {
    for (const work of this.works.values()) {
      const { state } = this.status(work.drawing.id)
      if (!work.running && (state === 'offline' || state === 'unreachable')) this.later(work, 0)
    }
  }

  /** @param {Work} work @param {number} ms */
  later(work, ms) {
    this.timers.clear(work.timer)
    work.due = this.now() + ms
    work.timer = this.timers.set(() => { void this.flush(work.drawing) }, ms)
  }

  /**
   * Saves a drawing now.
   * @param {Drawing} drawing
   * @returns {Promise<Status>} how it ended; never rejects
   */
  flush(drawing) {
    const work = this.hold(drawing)
    if (work.running) return work.running
    this.timers.clear(work.timer)
    work.running = this.run(work).finally(() => {
      work.running = null
      const { state } = this.status(work.drawing.id)
      if (state === 'saved') {
        if (work.drawing.pendingCount > 0) this.touch(work.drawing)
        else if (!work.timer) this.works.delete(work.drawing.id)
      }
    })
    return work.running
  }

  /** Saves all drafts: at the start, and when the network is back. */
  async flushAll() {
    for (const drawing of this.journal.drafts()) if (!this.works.has(drawing.id)) this.hold(drawing)
    for (const { drawing } of [...this.works.values()]) {
      const { state } = this.status(drawing.id)
      if (drawing.pendingCount > 0 && OPEN.includes(state)) await this.flush(drawing)
    }
  }

  /**
   * Tries again after a failure that does not pass by itself, at the user's tap.
   * @param {Drawing} drawing
   */
  retry(drawing) {
    this.set(drawing.id, 'saving')
    return this.flush(drawing)
  }

  /** Forgets a drawing that was deleted or given up. @param {string} id */
  drop(id) {
    this.confirmed.delete(id)
    const work = this.works.get(id)
    if (work) this.timers.clear(work.timer)
    this.works.delete(id)
    this.statuses.delete(id)
  }

  /** @param {string} id @param {SaveState} state @param {Failure | null} [failure] @returns {Status} */
  set(id, state, failure = null) {
    const status = { state, failure }
    this.statuses.set(id, status)
    for (const listener of [...this.listeners]) listener(id, status)
    return status
  }

  /** @param {Work} work @returns {Promise<Status>} */
  async run(work) {
    const { drawing } = work
    let rebases = 0
    while (drawing.pendingCount > 0) {
      const { state } = this.status(drawing.id)
      if (state === 'saved') this.set(drawing.id, 'saving')
      try {
        await this.send(drawing)
        work.failures = 0
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
        if (failure.kind === 'conflict' && rebases < MAX_REBASES) {
          rebases += 1
          const trouble = await this.rebase(drawing).then(() => null, (e) => e)
          if (!trouble) continue
          return this.stop(work, trouble instanceof Failure ? trouble : new Failure('fault', { detail: String(trouble) }))
        }
        if (failure.kind === 'missing' && drawing.whole && drawing.first === 0 && drawing.acked > 0) {
          // Removed for good on the server while the phone holds all of it: the append at 0 makes it anew.
          drawing.acked = 0
          this.journal.acked(drawing)
          continue
        }
        return this.stop(work, failure)
      }
    }
    work.failures = 0
    work.since = 0
    return this.set(drawing.id, 'saved')
  }

  /** @param {Work} work @param {Failure} failure */
  stop(work, failure) {
    const state = stateOf(failure)
    if (PASSING.includes(state)) {
      const pause = PAUSES[Math.min(work.failures, PAUSES.length - 1)]
      work.failures += 1
      this.later(work, Math.max(pause, failure.retryAfter * 1000))
    }
    return this.set(work.drawing.id, state, failure)
  }

  /** @param {Drawing} drawing */
  async send(drawing) {
    const from = drawing.acked
    const actions = batchOf(drawing.pending)
    const { title, width, height, mode } = drawing
    const reply = await this.api.append(drawing.id, {
      from_seq: from,
      actions,
      ...(from === 0 ? { drawing: { title, width, height, mode } } : {}),
    })
    if (reply.seq !== from + actions.length) throw new Failure('conflict', { seq: reply.seq })
    drawing.acked = reply.seq
    // Actions that were added during the request begin a wait of their own.
    const work = this.works.get(drawing.id)
    if (work) work.since = drawing.pendingCount > 0 ? this.now() : 0
    this.confirmed.set(drawing.id, reply.seq)
    this.journal.acked(drawing)
  }

  /**
   * Asks the server for what another device may have added.
   * @param {Drawing} drawing which the server has
   * @returns {Promise<void>} rejects with a Failure
   */
  async refresh(drawing) {
    const work = this.works.get(drawing.id)
    if (!work || !work.running) await this.rebase(drawing)
  }

  /** Puts the actions of another device below the pending ones. @param {Drawing} drawing */
  async rebase(drawing) {
    const { acked } = drawing
    const tail = await this.api.drawing(drawing.id, acked)
    // Saved meanwhile, or nothing new: pending undo, redo and clear keep their meaning.
    if (drawing.acked !== acked || (tail.seq === acked && tail.actions.length === 0)) return
    const undoDropped = drawing.pending.some(({ type }) => type === 'undo' || type === 'redo' || type === 'clear')
    drawing.rebase(tail.seq - tail.actions.length, tail.actions)
    drawing.title = tail.title
    try {
      this.journal.rewrite(drawing)
    } catch {
      // The drawing is saved from memory; the journal takes it up with the next append.
    }
    for (const listener of [...this.rebased]) listener(drawing.id, undoDropped)
  }
}

module.exports = { Saver, SAVE_AFTER, SAVE_WITHIN, PAUSES }
