// Opening a drawing and working on it: the one way in for all pages, so that there is one copy of each drawing.

const { Drawing, newId } = require('./drawing')
const { Failure } = require('./http')
const { StorageFull } = require('./journal')
const { timers: clock } = require('./timers')

/** The storage key of the drawing that was last worked on. */
const LAST = 'yibi.last'
/** Milliseconds for which an app that was closed comes back to it. */
const COMES_BACK = 30 * 60_000
/** Milliseconds after its opening at which a drawing is copied to the phone, when nobody waits any more. */
const COPY_AFTER = 1_500


class Studio {
  /**
   * @param {object} deps
   * @param {any} deps.wx
   * @param {import('./api').Api} deps.api
   * @param {import('./journal').Journal} deps.journal
   * @param {import('./saver').Saver} deps.saver
   * @param {() => number} [deps.now] ms since 1970
   * @param {import('./timers').Timers} [deps.timers]
   */
  constructor({ wx, api, journal, saver, now = Date.now, timers = clock }) {
    this.wx = wx
    this.api = api
    this.journal = journal
    this.saver = saver
    this.now = now
    this.timers = timers
    /** wx storage did not take the last action: it is in memory only. */
    this.storageFull = false
    /**
     * What the list said of a drawing, to be shown and drawn on while it is opened.
     * @type {Map<string, import('./api').Summary>}
     */
    this.summaries = new Map()
    /** Timers of the copies to come, by drawing. @type {Map<string, any>} */
    this.copying = new Map()
  }

  /** @param {'free' | 'one_stroke'} mode @returns {Drawing} an empty paper, known to nobody until it is drawn on */
  blank(mode) {
    return new Drawing({ id: newId(), mode, began: this.now() })
  }

  /** The drawing to come back to after the app was closed a moment ago. @returns {Drawing | null} */
  last() {
    const id = this.wx.getStorageSync(LAST)
    const entry = id && this.journal.entry(id)
    if (!entry || !entry.whole || this.now() - entry.updated > COMES_BACK) return null
    return this.saver.held(id) || this.taken(this.journal.load(id))
  }

  /**
   * Hands what is pending to the saver, which from now on holds this copy and no other.
   * @template {Drawing | null} T @param {T} drawing @returns {T}
   */
  taken(drawing) {
    if (drawing && drawing.pendingCount > 0) this.saver.touch(drawing)
    return drawing
  }

  /** @param {string} id the drawing that is worked on now; empty: none */
  remember(id) {
    try {
      this.wx.setStorageSync(LAST, id)
    } catch {
      // The next start then shows an empty paper.
    }
  }

  /**
   * The end of a drawing whose beginning is still to come: nothing yet, and what is drawn from now on goes
   * behind what the list said that the server has.
   * @param {string} id
   * @returns {Drawing | null} null where the phone has it, or may not draw on it, or knows nothing of it
   */
  ahead(id) {
    const summary = this.summaries.get(id)
    if (!summary || summary.mode !== 'free' || this.saver.held(id) || this.journal.entry(id)) return null
    const began = Date.parse(summary.created_at) || this.now()
    return new Drawing({ ...summary, began }, { first: summary.seq, acked: summary.seq, whole: false })
  }

  /**
   * Loads what came before the first action that is here.
   * @param {Drawing} drawing
   * @returns {Promise<void>} rejects with a Failure
   */
  async fill(drawing) {
    const { seq, actions, title } = await this.api.drawing(drawing.id)
    if (drawing.whole) return
    drawing.fill(seq - actions.length, actions)
    drawing.title = title
    this.keepLater(drawing)
  }

  /**
   * @param {string} id
   * @returns {Promise<Drawing>} at once where the phone holds it; rejects with a Failure
   */
  async open(id) {
    // Where the phone holds only the end, what the server has comes below it.
    const here = this.saver.held(id) || this.journal.load(id)
    if (here && (here.whole || here.pendingCount > 0)) {
      if (!here.whole) await this.fill(here)
      return this.taken(here)
    }
    const drawing = Drawing.from(await this.api.drawing(id))
    this.keepLater(drawing)
    return drawing
  }

  /** Copies a drawing to the phone, unless it is drawn on or given up before. @param {Drawing} drawing */
  keepLater(drawing) {
    const { id } = drawing
    this.timers.clear(this.copying.get(id))
    this.copying.set(id, this.timers.set(() => {
      this.copying.delete(id)
      if (drawing.pendingCount === 0 && !this.journal.entry(id)) this.journal.copy(drawing)
    }, COPY_AFTER))
  }

  /**
   * Does an action: on the drawing, in the journal, and soon on the server.
   * @param {Drawing} drawing
   * @param {import('./drawing').Action} action
   */
  add(drawing, action) {
    if (drawing.seq === 0) this.remember(drawing.id)
    drawing.push(action)
    try {
      this.journal.append(drawing, [action])
      this.storageFull = false
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
      this.storageFull = true
    }
    this.saver.touch(drawing)
  }

  /**
   * Saves what is pending, so that the server's picture is the one on the screen.
   * @param {Drawing} drawing
   * @returns {Promise<boolean>} whether the server has all of it
   */
  async saved(drawing) {
    if (drawing.pendingCount === 0) return drawing.seq > 0
    return (await this.saver.flush(drawing)).state === 'saved'
  }

  /**
   * The same picture under a new id, for a drawing that the server will not take back.
   * @param {Drawing} drawing
   */
  copy(drawing) {
    const copy = new Drawing({ ...drawing, id: newId() }, { actions: [...drawing.actions] })
    this.discard(drawing.id)
    this.journal.rewrite(copy)
    this.saver.touch(copy)
    this.remember(copy.id)
    return copy
  }

  /** Forgets what the phone holds of a drawing. @param {string} id */
  discard(id) {
    this.timers.clear(this.copying.get(id))
    this.copying.delete(id)
    this.saver.drop(id)
    this.journal.remove(id)
  }

  /**
   * Deletes a drawing. What is pending is saved first, so that an undo of the deletion restores all of it.
   * @param {string} id
   * @returns {Promise<() => Promise<void>>} restores it
   */
  async remove(id) {
    const local = this.saver.held(id) || this.journal.load(id)
    if (local && local.pendingCount > 0) await this.saver.flush(local)
    const neverSaved = local && local.acked === 0
    this.discard(id)
    if (neverSaved) {
      return async () => {
        this.journal.rewrite(local)
        this.saver.touch(local)
      }
    }
    try {
      await this.api.remove(id)
    } catch (error) {
      if (local) this.journal.rewrite(local)
      if (!(error instanceof Failure && error.kind === 'missing')) throw error
    }
    return () => this.api.restore(id)
  }
}

module.exports = { Studio }
