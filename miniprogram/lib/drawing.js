// A drawing: an append-only list of actions, and the fold that turns it into a picture.

/**
 * @typedef {object} Stroke
 * @property {'pen' | 'ink' | 'eraser'} [tool] `pen` where it is missing
 * @property {string} color `#rrggbb`
 * @property {number} [alpha] the opacity, 1 to 255; only in a picture of 2016, 255 where it is missing
 * @property {number} width grid units
 * @property {number[]} points flat, `[x0, y0, 0, dx, dy, dt, …]`: grid units and ms, differences after the first
 *
 * @typedef {Stroke & { type: 'stroke', at: number, by?: number }} StrokeAction `by`: the number of its author
 *   among the drawing's, 0 where it is missing: the owner
 * @typedef {{ type: 'background', color: string, at?: number }} BackgroundAction
 * @typedef {{ type: 'undo' | 'redo', at?: number, by?: number } | { type: 'clear', at?: number }} StepAction
 * @typedef {{ type: 'remove', seq: number, at?: number }} RemoveAction takes a stroke out for good; rooms alone write it
 * @typedef {{ type: 'weapp', strokes: Stroke[] }} WeappAction a whole picture that a client of 2016 saved
 * @typedef {StrokeAction | BackgroundAction | StepAction | RemoveAction | WeappAction} Action
 *
 * @typedef {{ background: string, strokes: Stroke[] }} Picture the visible result, the lowest stroke first
 */

/** The paper's colour before a background is chosen. */
const PAPER_COLOR = '#ffffff'
/** The grid of a new drawing: three times as fine as the default one, so that a line drawn at the largest zoom is as
 * straight as the hand. The height is the largest that the server takes. */
const PAPER = { width: 6144, height: 8192 }

/** @param {Action} action @returns {number} the number of its author */
function authorOf(action) {
  return ('by' in action && action.by) || 0
}

/** Whether all strokes before an action are hidden while it is in effect. @param {Action} action */
function covers({ type }) {
  return type === 'clear' || type === 'weapp'
}

/**
 * The entries in effect after some actions, and those taken back. Undo takes back its author's last entry in effect;
 * strokes that a clear hides are not. Redo puts the last one that its author took back in its place again, until the
 * same author makes another entry. A removal takes a stroke in effect out for good and is no entry itself.
 */
class History {
  /**
   * @param {string} [background] the paper's colour before the first action
   * @param {number} [first] the number of the first action
   */
  constructor(background = PAPER_COLOR, first = 0) {
    this.background = background
    /** The number of the next action. */
    this.next = first
    /** @type {Action[]} in the order of their numbers */
    this.done = []
    /** @type {number[]} their numbers */
    this.numbers = []
    /** @type {Map<number, { action: Action, number: number }[]>} those taken back, by author */
    this.undone = new Map()
  }

  /** @param {Action} action */
  push(action) {
    const number = this.next
    this.next += 1
    const author = authorOf(action)
    if (action.type === 'undo') {
      const undone = this.take(this.lastOf(author))
      if (undone) this.undone.set(author, [...(this.undone.get(author) || []), undone])
    } else if (action.type === 'redo') {
      const entry = (this.undone.get(author) || []).pop()
      if (entry) this.put(entry)
    } else if (action.type === 'remove') this.take(this.strokeOf(action.seq))
    else {
      this.undone.delete(author)
      this.put({ action, number })
    }
  }

  /** @param {number} author @returns {boolean} whether an undo of that author has an effect */
  canUndo(author) {
    return this.lastOf(author) >= 0
  }

  /** @param {number} author @returns {boolean} whether a redo of that author has an effect */
  canRedo(author) {
    return (this.undone.get(author) || []).length > 0
  }

  /** @param {number} author @returns {number} the place of the author's last entry in effect, -1 without one */
  lastOf(author) {
    for (let i = this.done.length - 1; i >= 0; i -= 1) {
      const action = this.done[i]
      if (authorOf(action) === author) return i
      if (covers(action)) return -1
    }
    return -1
  }

  /** @param {number} seq an action's number @returns {number} its place, if it is a stroke in effect; else -1 */
  strokeOf(seq) {
    const place = this.numbers.indexOf(seq)
    const shown = place >= 0 && this.done[place].type === 'stroke' && !this.done.slice(place).some(covers)
    return shown ? place : -1
  }

  /** @param {number} place */
  take(place) {
    if (place < 0) return null
    const [action] = this.done.splice(place, 1)
    const [number] = this.numbers.splice(place, 1)
    return { action, number }
  }

  /** @param {{ action: Action, number: number }} entry */
  put({ action, number }) {
    let place = this.numbers.length
    while (place > 0 && this.numbers[place - 1] > number) place -= 1
    this.done.splice(place, 0, action)
    this.numbers.splice(place, 0, number)
  }

  /** @returns {Picture} */
  picture() {
    let { background } = this
    /** @type {Stroke[]} */
    let strokes = []
    for (const action of this.done) {
      switch (action.type) {
        case 'stroke':
          strokes.push(action)
          break
        case 'background':
          background = action.color
          break
        case 'clear':
          strokes = []
          break
        case 'weapp':
          background = PAPER_COLOR
          strokes = [...action.strokes]
          break
        default:
          throw new Error(`unknown action ${action.type}`)
      }
    }
    return { background, strokes }
  }
}

/**
 * The picture after all actions.
 * @param {Action[]} actions
 * @param {number} [first] the number of the first one
 * @returns {Picture}
 */
function fold(actions, first = 0) {
  const history = new History(PAPER_COLOR, first)
  for (const action of actions) history.push(action)
  return history.picture()
}

/** @returns {string} an id for a new drawing, unique among one user's */
function newId() {
  const random = () => Math.random().toString(36).slice(2, 8).padEnd(6, '0')
  return `${Date.now().toString(36)}-${random()}${random()}`
}

/**
 * @typedef {object} About
 * @property {string} id
 * @property {string} [title]
 * @property {number} [width] grid units
 * @property {number} [height] grid units
 * @property {'free' | 'one_stroke'} [mode]
 * @property {number} [began] ms since 1970: the moment that `at` counts from
 */

/** One drawing as this phone knows it: the server's actions and, behind them, those still to be saved. */
class Drawing {
  /**
   * @param {About} about
   * @param {object} [list]
   * @param {number} [list.first] the number of the first action that is here
   * @param {Action[]} [list.actions]
   * @param {number} [list.acked] up to which number the server has them
   * @param {boolean} [list.whole] false where something of it is missing before the first action here
   */
  constructor({ id, title = '', width = PAPER.width, height = PAPER.height, mode = 'free', began = Date.now() }, { first = 0, actions = [], acked = 0, whole = true } = {}) {
    this.id = id
    this.title = title
    this.width = width
    this.height = height
    /** @type {'free' | 'one_stroke'} */
    this.mode = mode
    this.began = began
    this.whole = whole
    this.first = first
    this.actions = actions
    this.acked = acked
    this.history = new History()
    /** @type {Picture | null} */
    this.cached = null
    this.reset(first, actions, acked)
  }

  /** @param {import('./api').Whole} whole the server's copy */
  static from(whole) {
    const began = Date.parse(whole.created_at) || Date.now()
    return new Drawing({ ...whole, began }, { first: whole.seq - whole.actions.length, actions: whole.actions, acked: whole.seq })
  }

  /** @param {number} first @param {Action[]} actions @param {number} acked */
  reset(first, actions, acked) {
    this.first = first
    this.actions = actions
    this.acked = acked
    this.history = new History(PAPER_COLOR, first)
    for (const action of actions) this.history.push(action)
    this.fresh()
  }

  fresh() {
    this.cached = null
  }

  /** @param {Action} action */
  push(action) {
    this.actions.push(action)
    this.history.push(action)
    // A stroke lies on top of all there is: no need to fold a long list again.
    if (action.type === 'stroke' && this.cached) {
      this.cached = { ...this.cached, strokes: [...this.cached.strokes, action] }
    } else this.fresh()
  }

  /** The visible picture. The same object until something changes; not to be changed by the caller. */
  get picture() {
    this.cached = this.cached || this.history.picture()
    return this.cached
  }

  /** The number of the next action. */
  get seq() {
    return this.first + this.actions.length
  }

  /** The actions that the server does not have yet. */
  get pending() {
    return this.actions.slice(this.acked - this.first)
  }

  /** How many actions the server does not have yet. */
  get pendingCount() {
    return this.seq - this.acked
  }

  get canUndo() {
    return this.mode === 'free' && this.history.canUndo(0)
  }

  get canRedo() {
    return this.mode === 'free' && this.history.canRedo(0)
  }

  get isEmpty() {
    return this.picture.strokes.length === 0
  }

  /**
   * The present moment as actions carry it; never before the last action's.
   * @param {number} now ms since 1970
   */
  at(now) {
    const last = this.actions[this.actions.length - 1]
    return Math.max(0, Math.round(now - this.began), (last && 'at' in last && last.at) || 0)
  }

  /**
   * Inserts the actions that are missing before the first one here.
   * @param {number} start the number of the first of `theirs`
   * @param {Action[]} theirs the server's actions from there to its end; those that are here already stay as
   *   they are, and what others put behind them is a later rebase's
   */
  fill(start, theirs) {
    if (start > this.acked) {
      this.rebase(start, theirs)
      return
    }
    const missing = theirs.slice(0, Math.max(0, this.first - start))
    const here = this.actions.slice(Math.max(0, start - this.first))
    this.reset(start, [...missing, ...here], this.acked)
    this.whole = true
  }

  /**
   * Inserts the actions of another device below the own pending ones. Pending undo, redo and clear referred to
   * another picture, so they are dropped.
   * @param {number} start the number of the first of `theirs`
   * @param {Action[]} theirs the server's actions from there to its end
   */
  rebase(start, theirs) {
    const own = this.pending.filter(({ type }) => type === 'stroke' || type === 'background')
    // The server may have dropped earlier actions (2016 saves do that): then the list here is no prefix any more.
    if (start > this.acked) this.whole = true
    const kept = start > this.acked ? [] : this.actions.slice(0, Math.max(0, start - this.first))
    const first = kept.length ? this.first : start
    this.reset(first, [...kept, ...theirs, ...own], start + theirs.length)
  }
}

module.exports = { Drawing, History, fold, newId, PAPER, PAPER_COLOR }
