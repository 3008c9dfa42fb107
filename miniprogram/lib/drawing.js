// A drawing: an append-only list of actions, and the fold that turns it into a picture.

/**
 * @typedef {object} Stroke
 * @property {'pen' | 'ink' | 'eraser'} [tool] `pen` where it is missing
 * @property {string} color `#rrggbb`
 * @property {number} [alpha] the opacity, 1 to 255; only in a picture of 2016, 255 where it is missing
 * @property {number} width grid units
 * @property {number[]} points flat, `[x0, y0, 0, dx, dy, dt, …]`: grid units and ms, differences after the first
 *
 * @typedef {Stroke & { type: 'stroke', at: number }} StrokeAction
 * @typedef {{ type: 'background', color: string, at?: number }} BackgroundAction
 * @typedef {{ type: 'undo' | 'redo' | 'clear', at?: number }} StepAction
 * @typedef {{ type: 'weapp', strokes: Stroke[] }} WeappAction a whole picture that a client of 2016 saved
 * @typedef {StrokeAction | BackgroundAction | StepAction | WeappAction} Action
 *
 * @typedef {{ background: string, strokes: Stroke[] }} Picture the visible result, the lowest stroke first
 */

/** The paper's colour before a background is chosen. */
const PAPER_COLOR = '#ffffff'
/** The grid of a new drawing: three times as fine as the default one, so that a line drawn at the largest zoom is as
 * straight as the hand. The height is the largest that the server takes. */
const PAPER = { width: 6144, height: 8192 }

/**
 * The entries in effect after some actions, and those taken back. Undo takes back the last entry in effect,
 * redo puts the last one taken back in effect again until another entry is made.
 */
class History {
  /** @param {string} [background] the paper's colour before the first action */
  constructor(background = PAPER_COLOR) {
    this.background = background
    /** @type {Action[]} */
    this.done = []
    /** @type {Action[]} */
    this.undone = []
  }

  /** @param {Action} action */
  push(action) {
    if (action.type === 'undo') move(this.done, this.undone)
    else if (action.type === 'redo') move(this.undone, this.done)
    else {
      this.undone.length = 0
      this.done.push(action)
    }
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

/** @param {Action[]} from @param {Action[]} to */
function move(from, to) {
  const action = from.pop()
  if (action) to.push(action)
}

/**
 * The picture after all actions.
 * @param {Action[]} actions
 * @returns {Picture}
 */
function fold(actions) {
  const history = new History()
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
    this.history = new History()
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
    return this.mode === 'free' && this.history.done.length > 0
  }

  get canRedo() {
    return this.mode === 'free' && this.history.undone.length > 0
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
