// A room as this phone knows it: the server's view of it, the drawing, and what is on its way to the server. It needs
// no socket: whatever changes is asked for again and again.

const { History, PAPER_COLOR } = require('../../lib/drawing')
const { Failure } = require('../../lib/http')

/**
 * @typedef {import('../../lib/drawing').Action} Action
 * @typedef {{ id: string, nickname: string | null, avatar_url: string | null }} Person null until they were passed
 * @typedef {{ user: string, nickname?: string, until: string, extended: boolean }} Hold
 * @typedef {object} RoomView
 * @property {string} code
 * @property {'together' | 'relay'} kind
 * @property {'open' | 'done' | 'frozen' | 'closed'} state
 * @property {boolean} locked
 * @property {number} [goal]
 * @property {number} [strokes]
 * @property {Hold | null} hold
 * @property {string} [last_author]
 * @property {import('../../lib/api').Summary | null} drawing null while the room is frozen
 * @property {Person[]} people in the order of the actions' `by`, the owner first
 * @property {number} seq
 * @property {'owner' | 'drawer' | 'watcher'} role
 * @property {{ code: string, url: string }} [share]
 * @property {string} ends_at
 */

/** The name of somebody without one that was passed. */
const UNNAMED = '一位画友'

/** @param {{ nickname?: string | null } | undefined} person */
function nameOf(person) {
  return (person && person.nickname) || UNNAMED
}

/** @returns {string} an id for a stroke, unique among one user's */
function strokeId() {
  const random = () => Math.random().toString(36).slice(2, 8).padEnd(6, '0')
  return `${Date.now().toString(36)}-${random()}${random()}`
}

/**
 * Whether the server looked at a stroke and does not take it. A stroke that failed otherwise can be sent again.
 * @param {any} error
 */
function isJudged(error) {
  return error instanceof Failure && (error.kind === 'refused' || error.kind === 'full')
}

/** @param {any} other an action of the server @param {any} action an own one @param {number} by the user's number */
function isSame(other, action, by) {
  if ((other.by || 0) !== by || other.type !== action.type) return false
  return action.type === 'stroke' ? String(other.points) === String(action.points) : other.at === action.at
}

class Room {
  /** @param {{ api: import('../../lib/api').Api, code: string }} deps */
  constructor({ api, code }) {
    this.api = api
    this.code = code
    /** @type {RoomView | null} */
    this.view = null
    /** The user's public id. */
    this.me = ''
    /** The server's actions, and the number of the first one. @type {Action[]} */
    this.actions = []
    this.first = 0
    /**
     * The strokes that the server does not have yet, the earliest first. `since` is the number of the first action that may be it;
     * -1 until it is sent.
     * @type {{ id: string, action: Action, since: number }[]}
     */
    this.pending = []
    /** Requests of a room follow each other, so that a stroke is never both pending and loaded. */
    this.last = Promise.resolve()
    this.cached = /** @type {import('../../lib/drawing').Picture | null} */ (null)
  }

  /** @param {string} path @returns {string} */
  path(path) {
    return `/rooms/${this.code}${path}`
  }

  /**
   * Runs a request after those before it, whatever became of them.
   * @template T @param {() => Promise<T>} run @returns {Promise<T>}
   */
  inTurn(run) {
    const result = this.last.then(run)
    this.last = result.then(() => {}, () => {})
    return result
  }

  /** Asks for the room and for what was drawn since. @returns {Promise<RoomView>} rejects with a Failure */
  load() {
    return this.inTurn(() => this.loadNow())
  }

  async loadNow() {
    if (!this.me) this.me = (await this.api.me()).id
    return this.present(await this.api.call('GET', this.path('')))
  }

  /** @param {RoomView} view @returns {Promise<RoomView>} */
  async present(view) {
    const address = (/** @type {Person} */ person) => ({ ...person, avatar_url: this.api.address(person.avatar_url || '') })
    const known = { ...view, people: view.people.map(address) }
    if (!view.drawing) this.reset(0, [])
    else if (view.seq !== this.seq || this.first > this.seq) await this.loadTail()
    this.view = known
    this.settle()
    return known
  }

  async loadTail() {
    const { from, actions } = await this.api.call('GET', this.path(`/actions?since=${this.seq}`))
    if (from === this.seq) this.reset(this.first, [...this.actions, ...actions])
    else this.reset(from, actions)
  }

  /** Drops what was sent, had no reply and stands in the drawing: the server may have forgotten its id by now. */
  settle() {
    const stands = (/** @type {{ action: Action, since: number }} */ { action, since }) => since >= 0
      && this.actions.slice(Math.max(0, since - this.first)).some((other) => isSame(other, action, this.by))
    const left = this.pending.filter((item) => !stands(item))
    if (left.length === this.pending.length) return
    this.pending = left
    this.cached = null
  }

  /** @param {number} first @param {Action[]} actions */
  reset(first, actions) {
    this.first = first
    this.actions = actions
    this.cached = null
  }

  /** The number of the next action. */
  get seq() {
    return this.first + this.actions.length
  }

  /** The user's number among the authors: of somebody who has not drawn yet, the one that the first stroke gets. */
  get by() {
    const people = this.view ? this.view.people : []
    const place = people.findIndex(({ id }) => id === this.me)
    return place < 0 ? people.length : place
  }

  /** The entries in effect, those that are on their way included. */
  get history() {
    const history = new History(PAPER_COLOR, this.first)
    for (const action of this.actions) history.push(action)
    for (const { action } of this.pending) history.push(/** @type {Action} */ ({ ...action, by: this.by }))
    return history
  }

  /** The visible picture; the same object until something changes. */
  get picture() {
    this.cached = this.cached || this.history.picture()
    return this.cached
  }

  /** The moment as actions carry it: ms since the drawing began, never before the last action's. @param {number} now ms */
  at(now) {
    const began = Date.parse((this.view && this.view.drawing && this.view.drawing.created_at) || '') || now
    const last = this.actions[this.actions.length - 1]
    return Math.max(0, Math.round(now - began), (last && 'at' in last && last.at) || 0)
  }

  /** Shows an action at once, and sends it with `flush`. @param {Action} action */
  add(action) {
    this.pending.push({ id: strokeId(), action, since: -1 })
    this.cached = null
  }

  /**
   * Sends the pending strokes. Sent again after a lost reply, a stroke is not doubled: the server knows the ids of the last
   * ones, and what became of an earlier one the drawing tells.
   */
  flush() {
    return this.inTurn(async () => {
      while (this.pending.length) {
        const [item] = this.pending
        if (item.since >= 0) {
          await this.loadNow()
          if (this.pending[0] !== item) continue
        } else item.since = this.seq
        try {
          await this.draw(item.id, item.action)
        } catch (error) {
          if (!isJudged(error)) throw error
          // A stroke that the server refuses goes, or it would keep back all that follow.
          this.pending.shift()
          this.cached = null
          throw error
        }
        await this.loadTail()
        this.pending.shift()
        this.cached = null
      }
    })
  }

  /** @param {string} id @param {Action} action */
  draw(id, action) {
    return this.api.call('POST', this.path('/strokes'), { stroke_id: id, actions: [action] })
  }

  /**
   * A change that is answered with the room.
   * @param {'take' | 'release' | 'end' | 'lock' | 'unlock' | 'close' | 'remove' | 'ban' | 'reports'} what @param {object} [data]
   * @returns {Promise<RoomView>} rejects with a Failure
   */
  change(what, data) {
    return this.inTurn(async () => this.present(await this.api.call('POST', this.path(`/${what}`), data)))
  }

  /** The author of each visible stroke, the lowest first. @returns {Person[]} */
  authors() {
    const people = this.view ? this.view.people : []
    return this.picture.strokes.map((stroke) => people[/** @type {any} */ (stroke).by || 0] || { id: '', nickname: null, avatar_url: '' })
  }

  /** The number of the last visible stroke's action; -1 without one. */
  get lastStroke() {
    const { done, numbers } = this.history
    for (let i = done.length - 1; i >= 0; i -= 1) if (done[i].type === 'stroke') return numbers[i]
    return -1
  }
}

module.exports = { Room, UNNAMED, isJudged, nameOf, strokeId }
